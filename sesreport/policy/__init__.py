"""Who can send through an Amazon SES identity, decided over all requests from its policies alone.

Pure: no AWS call, no file, no clock, no pandas. ``analyze`` decides, ``explain`` says why, ``narrower_or_equal``
compares two versions, ``read_policy`` reads one document and ``decide`` answers one request. May import ``core``. A new
condition key is an entry of ``keys``; a new operator one of ``grammar``.
"""

from sesreport.policy.analyze import analyze, analyze_models
from sesreport.policy.cache import ExposureCache
from sesreport.policy.compare import Comparison, narrower_or_equal
from sesreport.policy.evaluator import Caller, CallerKind, Decision, Request, decide
from sesreport.policy.evidence import BULK
from sesreport.policy.explain import Explanation, Section, explain, explain_policies, headline
from sesreport.policy.exposure import CLASSES, LIMITS, Exposure, Grant, Witness
from sesreport.policy.model import Condition, Effect, Policy, PolicyError, Principal, PrincipalKind, Statement
from sesreport.policy.precedence import addresses_by_domain, within
from sesreport.policy.reader import read_policies, read_policy
from sesreport.policy.scene import SENDING_ACTIONS, Identity, Organization, read_identity
from sesreport.policy.senders import addresses_within

__all__ = [
    "BULK",
    "CLASSES",
    "LIMITS",
    "SENDING_ACTIONS",
    "Caller",
    "CallerKind",
    "Comparison",
    "Condition",
    "Decision",
    "Effect",
    "Explanation",
    "Exposure",
    "ExposureCache",
    "Grant",
    "Identity",
    "Organization",
    "Policy",
    "PolicyError",
    "Principal",
    "PrincipalKind",
    "Request",
    "Section",
    "Statement",
    "Witness",
    "addresses_by_domain",
    "addresses_within",
    "analyze",
    "analyze_models",
    "decide",
    "explain",
    "explain_policies",
    "headline",
    "narrower_or_equal",
    "read_identity",
    "read_policies",
    "read_policy",
    "within",
]
