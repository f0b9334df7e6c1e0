"""Marketplaces: e-shops of that kind, where their orders go, and what their codes stand for."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from eshops.marketplaces import (
    KINDS,
    Key,
    NotMapped,
    codes_of,
    drop_mappings,
    save_mappings,
    targets_of,
)
from eshops.models import Eshop, MarketplaceMapping, Sequence
from orders.filters import ids
from sync.models import SyncRun

Kind, Mode = Eshop.Kind, Eshop.ImportMode
ONE_MODE = "Orders are imported into Fynode or directly into an e-shop, not both."
CHANGE = "eshops.change_eshop"
ESHOPS = Eshop.objects.defer("credentials")


class ImportForm(forms.Form):
    """Where a marketplace's orders go: into Fynode, or directly into an e-shop."""

    import_mode = forms.ChoiceField(choices=Mode.choices, widget=forms.RadioSelect)
    direct_eshop = forms.ModelChoiceField(
        ESHOPS.filter(kind=Kind.ESHOP), required=False, label="E-shop", empty_label="None"
    )

    def __init__(self, marketplace: Eshop, data: Any = None) -> None:
        self.marketplace = marketplace
        now = {"import_mode": marketplace.import_mode, "direct_eshop": marketplace.direct_eshop_id}
        super().__init__(data, initial=now)

    def clean(self) -> dict[str, Any]:
        data, eshop = self.cleaned_data, self.cleaned_data.get("direct_eshop")
        if data.get("import_mode") == Mode.DIRECT:
            if not eshop and "direct_eshop" not in self.errors:
                self.add_error("direct_eshop", "Choose the e-shop that the orders go into.")
            running = SyncRun.objects.filter(
                eshop=self.marketplace, trigger=SyncRun.Trigger.IMPORT, finished_at=None
            )
            if running.exists():
                self.add_error(None, "Orders are being imported just now; cancel that or wait.")
        elif eshop:
            self.add_error("direct_eshop", f"{ONE_MODE} Choose no e-shop, or the other way.")
        return data

    @transaction.atomic
    def save(self) -> list[str]:
        """What else that changed, in sentences. Raises `IntegrityError` if somebody else changed
        the marketplace into what does not go with it."""
        eshop = Eshop.objects.select_for_update().defer("credentials").get(pk=self.marketplace.pk)
        told = []
        eshop.import_mode = self.cleaned_data["import_mode"]
        eshop.direct_eshop = self.cleaned_data["direct_eshop"]
        if eshop.direct_eshop and eshop.import_every:
            eshop.import_every = None
            told.append("Its automatic import was switched off.")
        eshop.save(update_fields=["import_mode", "direct_eshop", "import_every"])
        if eshop.direct_eshop:
            others = MarketplaceMapping.objects.exclude(target__eshop=eshop.direct_eshop)
            if count := drop_mappings(eshop, pk__in=others.values("pk")):
                told.append(f"Mappings to other e-shops were removed: {count}.")
        return told


@require_GET
@permission_required("eshops.view_eshop", raise_exception=True)
def marketplaces(request: HttpRequest) -> HttpResponse:
    found = list(
        ESHOPS.filter(kind=Kind.MARKETPLACE)
        .select_related("direct_eshop")
        .defer("direct_eshop__credentials", "credentials")
        .annotate(order_count=Count("orders"))
    )
    context = {
        "marketplaces": [(each, sum(code.is_flagged for code in codes_of(each))) for each in found],
        "eshops": ESHOPS.filter(kind=Kind.ESHOP),
    }
    return render(request, "marketplaces/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("eshops.view_eshop", raise_exception=True)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A marketplace; a POST changes where its orders go."""
    marketplace = _marketplace(pk)
    form = ImportForm(marketplace, request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        if form.is_valid():
            try:
                told = form.save()
            except IntegrityError:
                form.add_error(None, ONE_MODE)
            else:
                messages.success(request, " ".join([f"{marketplace} was saved.", *told]))
                return redirect("marketplaces:detail", pk)
    context = {
        "marketplace": marketplace,
        "form": form,
        "codes": codes_of(marketplace),
        "targets": _targets(marketplace),
        "kinds": dict(Sequence.Kind.choices),
        "may_change": request.user.has_perm(CHANGE),
    }
    return render(request, "marketplaces/detail.html", context)


@require_POST
@permission_required(("eshops.view_eshop", CHANGE), raise_exception=True)
def mapping(request: HttpRequest, pk: int) -> HttpResponse:
    """Save what the marketplace's codes stand for."""
    marketplace = _marketplace(pk)
    try:
        changed = save_mappings(marketplace, _wanted(request.POST))
    except NotMapped as error:
        messages.error(request, f"{error} Nothing was saved.")
    else:
        if changed:
            messages.success(
                request,
                "The mapping was saved. Orders follow it when they are synchronized, or caught up.",
            )
        else:
            messages.info(request, "The mapping is as it was.")
    return redirect("marketplaces:detail", pk)


@require_POST
@permission_required(("eshops.view_eshop", CHANGE), raise_exception=True)
def change_kind(request: HttpRequest) -> HttpResponse:
    """Make an e-shop a marketplace, or a marketplace an e-shop again."""
    pk = min(ids(request.POST, "eshop"), default=0)
    back = request.POST.get("kind") == Kind.ESHOP
    with transaction.atomic():
        eshop = get_object_or_404(ESHOPS.select_for_update(), pk=pk)
        refused = _to_eshop(eshop) if back else _to_marketplace(eshop)
    if refused:
        messages.error(request, refused)
    else:
        messages.success(request, f"{eshop} is {'an e-shop' if back else 'a marketplace'} now.")
    if back or refused:
        return redirect("marketplaces:list")
    return redirect("marketplaces:detail", pk)


def _to_marketplace(eshop: Eshop) -> str:
    """Why it cannot be one, else "" when it is done."""
    if Eshop.objects.filter(direct_eshop=eshop).exists():
        return f"{eshop} stays an e-shop: orders of a marketplace go directly into it."
    if MarketplaceMapping.objects.filter(target__eshop=eshop).exclude(eshop=eshop).exists():
        return f"{eshop} stays an e-shop: codes of a marketplace stand for its entries."
    eshop.kind = Kind.MARKETPLACE
    eshop.save(update_fields=["kind"])
    return ""


def _to_eshop(eshop: Eshop) -> str:
    """Its orders are imported into Fynode again and its mappings are forgotten."""
    eshop.kind, eshop.import_mode, eshop.direct_eshop = Kind.ESHOP, Mode.FYNODE, None
    eshop.save(update_fields=["kind", "import_mode", "direct_eshop"])
    drop_mappings(eshop)
    return ""


def _marketplace(pk: int) -> Eshop:
    return get_object_or_404(ESHOPS.filter(kind=Kind.MARKETPLACE), pk=pk)


def _wanted(data: QueryDict) -> dict[Key, str]:
    """The form's rows: `code` as kind:code, and the id of the entry it stands for."""
    codes, chosen = data.getlist("code"), data.getlist("target")
    if len(codes) != len(chosen):
        raise NotMapped("The form did not arrive whole.")
    keys = [code.partition(":") for code in codes]
    return {(kind, code): target for (kind, _, code), target in zip(keys, chosen, strict=True)}


def _targets(marketplace: Eshop) -> dict[str, list[tuple[str, list[Sequence]]]]:
    """Kind → each e-shop's name with its entries."""
    targets: dict[str, dict[str, list[Sequence]]] = {kind.value: {} for kind in KINDS}
    for entry in targets_of(marketplace).order_by("eshop__name", "name"):
        targets[entry.kind].setdefault(entry.eshop.name, []).append(entry)
    return {kind: list(eshops.items()) for kind, eshops in targets.items()}
