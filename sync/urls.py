from django.urls import path

from sync import catch_up_views, import_views, views

app_name = "sync"
urlpatterns = [
    path("", views.start, name="start"),
    path("progress/", views.progress, name="progress"),
    path("runs/", views.runs, name="runs"),
    path("runs/<int:pk>/", views.run, name="run"),
    path("runs/<int:pk>/retry/", views.retry, name="retry"),
    path("runs/<int:pk>/cancel/", views.cancel, name="cancel"),
    path("load-new/", import_views.load_new_orders, name="load_new"),
    path("importing/", import_views.importing, name="importing"),
    path("catch-up/", catch_up_views.catch_up, name="catch_up"),
    path("catch-up/start/", catch_up_views.start, name="start_catch_up"),
    *(
        path(f"catch-up/<int:pk>/{act}/", catch_up_views.steer, {"act": act}, f"{act}_catch_up")
        for act in catch_up_views.ACTS
    ),
]
