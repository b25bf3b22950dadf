"""Whether anything is asked: a greeting and a single word have no answer, however much is found for them."""

from __future__ import annotations

from service.text import words

# fmt: off
_GREETINGS = frozenset({
    "hello", "hi", "hey", "hiya", "howdy", "greetings", "welcome", "good", "morning", "afternoon", "evening",
    "day", "night", "bye", "goodbye", "thanks", "thank", "you", "there", "please", "help", "test", "testing",
    "ping", "ok", "okay", "cheers", "hallo", "guten", "tag", "morgen", "abend", "danke", "servus", "hilfe",
    "moin", "bonjour", "salut", "bonsoir", "merci", "aide", "hola", "buenos", "buenas", "días", "tardes",
    "noches", "gracias", "ayuda", "ciao", "buongiorno", "grazie", "aiuto", "olá", "oi", "obrigado", "ajuda",
})
# fmt: on
_ASK = "Ask about your documents in a whole sentence: every sentence of an answer has a footnote."


def nothing_asked(text: str) -> str:
    """What to say where `text` greets or is a single word; empty where it asks something."""
    said = words.written(text)
    if said and all(word.casefold() in _GREETINGS for word in said):
        return f"Hello. {_ASK}"
    if len(said) == 1 and not words.is_unspaced(said[0]):
        return f"“{said[0]}” is a word to search for, and no question. {_ASK}"
    return ""
