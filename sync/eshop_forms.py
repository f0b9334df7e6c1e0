"""The forms of an e-shop's connection and activity: what they take, and why they refuse."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ImproperlyConfigured, ValidationError

from eshops.adapters import ADAPTERS
from eshops.connection import NotConnected, can, web_address
from eshops.models import Eshop
from eshops.source import Credential


class ConnectionForm(forms.Form):
    """Where an e-shop is and what lets us in. Credentials are only ever replaced: no page holds
    those that are stored, and they are sent to no other address than they were given for."""

    base_url = forms.URLField(label="Address", assume_scheme="https", max_length=200)

    def __init__(self, eshop: Eshop, data: Mapping[str, Any] | None = None) -> None:
        platform = ADAPTERS.get(eshop.platform)
        address = eshop.base_url or (platform.address if platform else "")
        super().__init__(data, initial={"base_url": address})
        self._eshop = eshop
        self._ways = platform.sign_ins if platform else ()
        self.fields["base_url"].help_text = platform.address_hint if platform else ""
        self.credentials: dict[str, str] = {}
        """What to connect with, once the form is valid."""
        for way in self._ways:
            for name, credential in way.items():
                self.fields[f"secret_{name}"] = self._field(credential)

    def _field(self, credential: Credential) -> forms.CharField:
        attributes = {"autocomplete": "off", "spellcheck": "false", "size": "40"}
        if self._eshop.pk:
            attributes["placeholder"] = "Unchanged"
        if credential.is_secret:
            widget: forms.Widget = forms.PasswordInput(
                attributes | {"autocomplete": "new-password"}
            )
        else:
            widget = forms.TextInput(attributes)
        return forms.CharField(
            label=credential.label,
            help_text=credential.where,
            required=False,
            max_length=1000,
            widget=widget,
        )

    @property
    def ways(self) -> list[list[forms.BoundField]]:
        """The fields of each way to be let in."""
        return [[self[f"secret_{name}"] for name in way] for way in self._ways]

    @property
    def details(self) -> list[forms.BoundField]:
        """All the other fields."""
        return [field for field in self if not field.name.startswith("secret_")]

    def clean_base_url(self) -> str:
        try:
            return web_address(self.cleaned_data["base_url"])
        except NotConnected as error:
            raise ValidationError(str(error)) from None

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        labels = {name: each.label for way in self._ways for name, each in way.items()}
        given = {name: value for name in labels if (value := values.get(f"secret_{name}"))}
        if any(way.keys() == given.keys() for way in self._ways):
            self.credentials = given
        elif given:
            raise ValidationError(self._incomplete(given))
        elif not self._eshop.pk:
            raise ValidationError("Enter what lets Fynode into the e-shop.")
        elif "base_url" in values:
            self.credentials = self._stored(values["base_url"])
        return values

    def _incomplete(self, given: Mapping[str, str]) -> str:
        way = max(self._ways, key=lambda way: len(way.keys() & given.keys()))
        missing = [each.label for name, each in way.items() if name not in given]
        if missing:
            return f"Credentials are replaced together; missing: {', '.join(missing)}."
        return "There are several ways to be let in: fill in the fields of one of them."

    def _stored(self, address: str) -> dict[str, str]:
        if _origin(address) != _origin(self._eshop.base_url):
            raise ValidationError(
                "This is another address: enter its credentials as well. Those stored here are "
                "sent to the address they were given for only."
            )
        try:
            return dict(self._eshop.credentials)
        except ImproperlyConfigured as error:
            raise ValidationError(str(error)) from None


class ConnectForm(ConnectionForm):
    """The connection of an e-shop that Fynode does not have yet."""

    name = forms.CharField(
        label="Name", max_length=100, help_text="What staff call the e-shop; it has to be new."
    )
    field_order = ["name", "base_url"]

    def __init__(self, platform: str, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(Eshop(platform=platform), data)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if Eshop.objects.filter(name__iexact=name).exists():
            raise ValidationError(f"There is an e-shop called {name} already.")
        return name


class ActivityForm(forms.ModelForm):
    """Whether anything is asked of the e-shop by itself, and how often."""

    import_every = forms.IntegerField(
        label="Automatic import every",
        required=False,
        min_value=5,
        max_value=10_080,
        help_text="minutes, at least 5; empty: orders are imported by hand only",
        error_messages={
            "min_value": "The shortest interval is 5 minutes; leave it empty to import by hand.",
            "max_value": "The longest interval is a week, 10080 minutes.",
        },
    )

    class Meta:
        model = Eshop
        fields = ["is_active", "import_every"]

    @property
    def is_importable(self) -> bool:
        """Whether orders can be imported automatically."""
        return not self._why_not()

    def clean_import_every(self) -> int | None:
        every = self.cleaned_data["import_every"]
        if every and (reason := self._why_not()):
            raise ValidationError(reason)
        return every

    def _why_not(self) -> str:
        if self.instance.import_mode == Eshop.ImportMode.DIRECT:
            return "Its orders go directly into an e-shop, and are read from there."
        if not can(self.instance, "changed_since"):
            return "This e-shop cannot tell which orders were changed: they are imported by hand."
        return ""

    def save(self, commit: bool = True) -> Eshop:
        """Write these two columns and no other."""
        self.instance.save(update_fields=self.Meta.fields)
        return self.instance


def _origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address if "://" in address else f"https://{address}")
    return parts.scheme.lower(), parts.netloc.rpartition("@")[2].lower()
