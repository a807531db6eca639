"""The one place that makes boto3 clients: sign-in, deadlines of calls, and whether an answer is AWS's own.

May import ``core``, ``settings``, ``policy`` and ``snapshot``. A new client is a method of ``clients.Aws``.
"""
