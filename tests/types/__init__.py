"""What a type checker says of programs that use recurra; correct.py and mistakes.py are checked, never run."""
