"""The channels of outreach: texts, e-mail, a signed webhook, and what the CRM itself can do."""
