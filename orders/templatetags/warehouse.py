"""Where an order is with the warehouse, for its page."""

from django import template

from orders.models import Handover, Order
from orders.warehouse import active_warehouse, due

register = template.Library()


@register.simple_tag
def handover_of(order: Order) -> Handover | None:
    """How the warehouse got the order; no query while it does not have it."""
    if order.handover_id is None:
        return None
    handovers = Handover.objects.select_related("warehouse").defer("content")
    return handovers.get(pk=order.handover_id)


@register.simple_tag
def is_due(order: Order) -> bool:
    """Whether the active warehouse waits for the order."""
    warehouse = None if order.handover_id else active_warehouse()
    return warehouse is not None and due(warehouse).filter(pk=order.pk).exists()
