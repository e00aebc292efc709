"""Pure tests of what is decided before anything is written: references, rules, URLs, sizes and the policy."""
