"""Opens what the settings say of tracing."""

from __future__ import annotations

from collections.abc import Callable

from service.errors import Misconfigured
from service.settings import Settings, TracingSettings
from service.tracing.questions import Mask, Telling
from service.tracing.tracer import Sender, Tracer
from service.tracing.tracing import Tracing


def open_tracing(settings: Settings, prompt: str, open_mask: Callable[[], Mask]) -> Tracing:
    """What traces; `close` it. Nothing is sent before something was asked or read in.

    Args:
        settings: say where to.
        prompt: the version of the language model's prompt.
        open_mask: opens what blots out personal data and secrets; called where content is sent.

    Raises:
        Misconfigured: a package, an address or a key is missing.
    """
    if settings.tracing.method == "none":
        return Tracing()
    sender = _sender(settings.tracing)
    generate = settings.generate
    mask = open_mask() if settings.tracing.content else None
    telling = Telling(prompt, generate.prompt_price, generate.completion_price, mask)
    return Tracing(Tracer(settings.tracing, sender), telling)


def _sender(settings: TracingSettings) -> Sender:
    if not settings.endpoint:
        raise Misconfigured(
            f"traces go to {settings.method}, and tracing.endpoint names no address",
            hint="set FOOTNOTE_TRACING__ENDPOINT",
        )
    try:
        if settings.method == "langfuse":
            from service.tracing.langfuse import LangfuseSender

            return LangfuseSender(settings)
        from service.tracing.otlp import OtlpSender
    except ModuleNotFoundError as error:
        raise Misconfigured(f"tracing needs {error.name}", hint="pip install 'footnote[tracing]'") from error
    headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
    return OtlpSender(settings, settings.endpoint, headers)
