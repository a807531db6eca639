"""The watch on changes of SES: two AWS Lambda handlers on the exposure engine alone, without pandas.

``watch.handler`` answers EventBridge events of changes: what does a policy change newly allow, with a request as proof,
and which changes of identities and accounts need confirmation, to SNS and Security Hub. ``config_rule.handler`` is a
scheduled AWS Config custom rule: one evaluation for every identity. Both write (SNS publish, Security Hub import,
Config evaluations), so they have roles of their own (``templates/aws``); the collection's role stays read-only.
"""
