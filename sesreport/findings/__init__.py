"""Rules that fire on places of the organization, by subject."""

from sesreport.findings.registry import Rule, at_grants, at_identities, rule, rules

__all__ = ["Rule", "at_grants", "at_identities", "rule", "rules"]
