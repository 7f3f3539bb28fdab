"""Every page and mail in its states, for people to look at (`make gallery`) and for the validators to judge."""
