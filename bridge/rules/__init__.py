"""The languages of settings: Go templates for the default rule, and expressions for constraints."""
