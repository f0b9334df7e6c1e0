"""The messages workers receive. Each may arrive twice, late or never: the work is in the rows."""

from celery import shared_task

from sync import engine, imports


@shared_task
def synchronize_lane(run_id: int, eshop_id: int) -> None:
    engine.synchronize_lane(run_id, eshop_id)


@shared_task
def load_orders(run_id: int) -> None:
    imports.load_orders(run_id)


@shared_task
def resume_stalled() -> None:
    engine.resume_stalled()
    imports.resume_stalled()
