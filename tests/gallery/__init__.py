"""Every page, mail and chat in its states, for people to look at (`make gallery`) and for the validators to judge."""
