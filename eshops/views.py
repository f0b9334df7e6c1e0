from django.contrib.auth.decorators import permission_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from eshops.adapters import ADAPTERS
from eshops.models import Eshop


@require_GET
@permission_required("eshops.view_eshop", raise_exception=True)
def eshop_list(request: HttpRequest) -> HttpResponse:
    eshops = list(
        Eshop.objects.defer("credentials").annotate(order_count=Count("orders")).order_by("name")
    )
    labels = {key: adapter.label for key, adapter in ADAPTERS.items()}
    return render(request, "eshops/list.html", {"eshops": eshops, "labels": labels})
