"""A JSON map by language as one small field a language."""

from typing import Any

from django import forms
from django.conf import settings


class LanguageMapWidget(forms.MultiWidget):
    """An input a language; the script of the admin makes tabs of them."""

    template_name = "admin/site/language_map.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Name each input by its language."""
        context = super().get_context(name, value, attrs)
        for row, (_code, language) in zip(
            context["widget"]["subwidgets"], settings.LANGUAGES, strict=True
        ):
            row["language"] = language
        return context

    def __init__(self, *, is_long: bool) -> None:
        widgets: dict[str, forms.Widget | type[forms.Widget]] = {}
        for code, name in settings.LANGUAGES:
            attrs = {"lang": code, "data-language": name, "aria-label": name}
            widgets[code] = (
                forms.Textarea({**attrs, "rows": 4}) if is_long else forms.TextInput(attrs)
            )
        super().__init__(widgets)

    def decompress(self, value: Any) -> list[str]:
        """Take the map apart."""
        held = value if isinstance(value, dict) else {}
        return [str(held.get(code) or "") for code, _name in settings.LANGUAGES]


class LanguageMapField(forms.MultiValueField):
    """{"en": …, "ky": …, "ru": …}; empty ones are left out."""

    def __init__(self, *, is_long: bool = False, **options: Any) -> None:
        fields = [forms.CharField(required=False) for _language in settings.LANGUAGES]
        super().__init__(
            fields, widget=LanguageMapWidget(is_long=is_long), require_all_fields=False, **options
        )

    def compress(self, data_list: list[str]) -> dict[str, str]:
        """Put the map together."""
        codes = [code for code, _name in settings.LANGUAGES]
        return {code: text for code, text in zip(codes, data_list, strict=False) if text}


def with_other_languages(given: dict[str, str], held: Any) -> dict[str, str]:
    """Keep the languages of a map that the form has no field for."""
    shown = {code for code, _name in settings.LANGUAGES}
    kept = held if isinstance(held, dict) else {}
    return {code: text for code, text in kept.items() if code not in shown} | given
