"""Where an order is with the warehouse, for its page."""

from django import template
from django.template import RequestContext

from orders import warehouse
from orders.models import Handover, Order

register = template.Library()


@register.simple_tag
def handover_of(order: Order) -> Handover | None:
    """How the warehouse got the order; no query while it does not have it."""
    if order.handover_id is None:
        return None
    handovers = Handover.objects.select_related("warehouse").defer("content")
    return handovers.get(pk=order.handover_id)


@register.simple_tag(takes_context=True)
def may_hand_over(context: RequestContext) -> bool:
    """Whether orders can be handed over now, by whoever looks at the page."""
    return warehouse.may_hand_over(context["request"].user)


@register.simple_tag
def is_due(order: Order) -> bool:
    """Whether the active warehouse waits for the order."""
    active = None if order.handover_id else warehouse.active_warehouse()
    return active is not None and warehouse.due(active).filter(pk=order.pk).exists()
