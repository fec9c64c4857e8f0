"""From what the rules said to one report: findings, folded, grouped and accepted, and the verdict over them."""
