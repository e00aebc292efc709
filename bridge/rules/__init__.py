"""The languages that users write in settings: Go templates for the default rule, expressions for constraints."""
