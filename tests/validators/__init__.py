"""What judges pages and mails: html-validate, caniemail, SpamAssassin and axe, with what we let pass and why."""
