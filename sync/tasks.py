"""The messages workers receive. Each may arrive twice, late or never: the work is in the rows."""

from celery import shared_task

from orders import warehouse
from sync import catching_up, engine, imports, loading, payloads


@shared_task
def synchronize_lane(run_id: int, eshop_id: int) -> None:
    engine.synchronize_lane(run_id, eshop_id)
    catching_up.advance_all()


@shared_task
def load_orders(run_id: int) -> None:
    imports.load_orders(run_id)


@shared_task
def load_data(load_id: int) -> None:
    loading.load_data(load_id)


@shared_task
def start_due_loads() -> None:
    loading.start_due_loads()


@shared_task
def start_due_imports() -> None:
    imports.start_due_imports()
    imports.start_due_rechecks()


@shared_task
def hand_over_due() -> None:
    warehouse.hand_over_due()


@shared_task
def resume_stalled() -> None:
    engine.resume_stalled()
    imports.resume_stalled()
    loading.resume_stalled()
    catching_up.advance_all()


@shared_task
def forget_old_payloads() -> None:
    payloads.forget_old()
