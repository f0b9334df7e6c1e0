"""The forms of an e-shop's settings: what they take, and why they refuse."""

import html
import json
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.forms.models import model_to_dict

from eshops.adapters import ADAPTERS
from eshops.connection import can
from eshops.mapping import is_path
from eshops.models import Eshop, MetadataMapping
from eshops.models import Sequence as CodeListEntry
from eshops.source import Credential
from orders.templatetags.show import money

BLACK = "#000000"
Target = MetadataMapping.Target


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
        parts = urlsplit(self.cleaned_data["base_url"])
        if parts.scheme not in ("https", "http"):
            raise ValidationError("An e-shop's address begins with https:// or http://.")
        if "@" in parts.netloc:
            raise ValidationError("Leave the password out of the address.")
        return parts._replace(query="", fragment="").geturl()

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


class SettingForm(forms.ModelForm):
    """A row of an e-shop's settings. What it does not show is not written, and nothing is written
    over what somebody changed since the page was opened.

    The page sends `as_it_was` back as "as_it_was"; read the row under the lock it is saved in.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._is = {
            name: json.loads(json.dumps(value, cls=DjangoJSONEncoder))
            for name, value in model_to_dict(self.instance, self._meta.fields).items()
        }

    @property
    def as_it_was(self) -> str:
        """What the row holds, "" for a new one."""
        return json.dumps(self._is) if self.instance.pk else ""

    def clean(self) -> dict[str, Any]:
        values, was = super().clean() or {}, self._was()
        changed = [
            f"{self.fields[name].label or name.capitalize()}: “{self.worded(name, now)}”"
            for name, now in model_to_dict(self.instance, self.changed_data).items()
            if name in was and was[name] != self._is[name]
        ]
        if changed:
            self.add_error(
                None,
                f"Somebody has changed this since you opened it. It is now: {', '.join(changed)}. "
                "Nothing was saved. What you entered is still here: correct it, or save it again.",
            )
        return values

    def _was(self) -> dict[str, Any]:
        try:
            was = json.loads(self.data.get("as_it_was") or "{}")
        except ValueError:
            return {}
        return was if isinstance(was, dict) else {}

    def save(self, commit: bool = True) -> Any:
        row = self.instance
        if row.pk:
            row.save(
                update_fields=[name for name in self._meta.fields or () if name in self.fields]
            )
        else:
            row.save()
        return row

    def worded(self, name: str, value: Any) -> str:
        """A field's value as people read it."""
        choices = getattr(self.fields[name], "choices", None)
        labels = {str(key): str(label) for key, label in choices} if choices else {}
        if isinstance(value, list):
            return ", ".join(labels.get(each, str(each)) for each in value)
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, Decimal):
            return money(value)
        return labels.get(str(value), html.unescape(str(value or "")))


class PriceField(forms.DecimalField):
    """A price as people write it here: 1 250,50 is 1250.50."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = "".join(value.split()).replace(",", ".")
        return super().to_python(value)


class SequenceForm(SettingForm):
    """An entry of a code list. One that staff add has a code of its own, which stays as it is."""

    picked = forms.CharField(
        label="Pick a colour",
        required=False,
        max_length=7,
        widget=forms.TextInput({"type": "color", "data-picks": ""}),
    )
    price = PriceField(
        required=False,
        max_digits=20,
        decimal_places=6,
        widget=forms.TextInput({"inputmode": "decimal", "size": 9}),
    )

    class Meta:
        model = CodeListEntry
        fields = ["code", "name", "type", "color", "description", "price", "in_eshop"]
        labels = {"color": "Colour (HEX)"}
        widgets = {
            "color": forms.TextInput({"size": 9, "placeholder": "#1d5fbf", "data-hex": ""}),
            "description": forms.Textarea({"rows": 2}),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        row = self.instance
        self.fields["code"] = forms.CharField(max_length=191, strip=False)
        self.fields["type"] = forms.ChoiceField(
            required=False, choices=[("", "None"), *CodeListEntry.types(row.kind)]
        )
        for name, value in row.theirs.items():
            if name in self.fields:
                self.fields[name].help_text = f"The e-shop: {self.worded(name, value)}"
        is_status = row.kind == CodeListEntry.Kind.STATUS
        absent = ["description", "price"] if is_status else ["color", "picked"]
        absent += ["code"] if row.pk else []
        absent += ["in_eshop"] if row.source_name else []
        for name in absent:
            del self.fields[name]
        if is_status:
            self.fields["picked"].initial = (row.color or BLACK).lower()
        elif row.price is not None:
            self.initial["price"] = f"{row.price.normalize():f}"
            self.fields["price"].widget.attrs["min"] = "0"

    def clean_code(self) -> str:
        code, row = self.cleaned_data["code"], self.instance
        if not row.eshop.orders.filter(**{f"{row.kind}_code": code}).exists():
            code = code.strip()  # blanks around it are a slip, unless orders have them
        if not code:
            raise ValidationError(self.fields["code"].error_messages["required"])
        if row.eshop.sequences.filter(kind=row.kind, code=code).exists():
            raise ValidationError(
                f"This e-shop has an entry with the code “{code}” in this list already."
            )
        return code

    def clean_price(self) -> Any:
        price = self.cleaned_data["price"]
        if price is not None and price < 0:
            raise ValidationError("A price is not negative.")
        return price

    def clean(self) -> dict[str, Any]:
        """Without scripts a colour that was only picked stands in the picker alone."""
        values = super().clean() or {}
        if "picked" in self.changed_data and "color" not in self.changed_data:
            values["color"] = values.get("picked") or values.get("color", "")
        return values


class MappingForm(SettingForm):
    """A metadata mapping; `others` are the e-shop's other ones, `known_keys` keys that occur."""

    transforms = forms.MultipleChoiceField(
        required=False,
        choices=MetadataMapping.Transform.choices,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = MetadataMapping
        fields = ["scope", "source_key", "transforms", "target", "label"]
        labels = {"scope": "Metadata of", "source_key": "Key", "target": "Goes into"}
        widgets = {"source_key": forms.TextInput({"size": 34, "spellcheck": "false"})}

    def __init__(
        self,
        *args: Any,
        others: Sequence[MetadataMapping],
        known_keys: Collection[str] = (),
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self._others, self._known_keys = others, known_keys

    def clean_source_key(self) -> str:
        key = self.cleaned_data["source_key"]
        if not is_path(key) and key not in self._known_keys:
            raise ValidationError(
                f"“{key}” cannot lead to a value. Write a key, or a path into its value: "
                "point.id, stops[0].name"
            )
        return key

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        target, label = values.get("target"), values.get("label", "")
        if target == Target.CUSTOM and not label and "label" not in self.errors:
            self.add_error("label", "A field of our own needs a label.")
        elif target and target != Target.CUSTOM and label:
            self.add_error("label", "Only a field of our own has a label; leave it empty here.")
        if any(_same(values, other) for other in self._others):
            self.add_error(None, "There is a mapping of this key into this field already.")
        return values


def _same(values: Mapping[str, Any], other: MetadataMapping) -> bool:
    names = ("scope", "source_key", "target", "label")
    return all(values.get(name) == getattr(other, name) for name in names)


def _origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address if "://" in address else f"https://{address}")
    return parts.scheme.lower(), parts.netloc.rpartition("@")[2].lower()
