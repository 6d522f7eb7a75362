"""Edits a JSON map from language to text with one small field for each language."""

from typing import Any

from django import forms
from django.conf import settings


class LanguageMapWidget(forms.MultiWidget):
    """Shows one input for each language; the admin's script turns them into tabs."""

    template_name = "admin/site/language_map.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Label each input with its language."""
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
        """Split the map into the values of the inputs."""
        held = value if isinstance(value, dict) else {}
        return [str(held.get(code) or "") for code, _name in settings.LANGUAGES]


class LanguageMapField(forms.MultiValueField):
    """Reads {"en": …, "ky": …, "ru": …}; empty values are left out."""

    def __init__(self, *, is_long: bool = False, **options: Any) -> None:
        fields = [forms.CharField(required=False) for _language in settings.LANGUAGES]
        super().__init__(
            fields, widget=LanguageMapWidget(is_long=is_long), require_all_fields=False, **options
        )

    def compress(self, data_list: list[str]) -> dict[str, str]:
        """Build the map from the values of the inputs."""
        codes = [code for code, _name in settings.LANGUAGES]
        return {code: text for code, text in zip(codes, data_list, strict=False) if text}


def with_other_languages(given: dict[str, str], held: Any) -> dict[str, str]:
    """Return the given map with those languages of the stored one that have no field."""
    shown = {code for code, _name in settings.LANGUAGES}
    kept = held if isinstance(held, dict) else {}
    return {code: text for code, text in kept.items() if code not in shown} | given
