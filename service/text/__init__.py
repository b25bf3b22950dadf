"""How text is read, the same everywhere: words, sentences, quantities, names, denials and our own marks."""
