from django.urls import path

from sync import views

app_name = "sync"
urlpatterns = [
    path("", views.start, name="start"),
    path("progress/", views.progress, name="progress"),
    path("runs/", views.runs, name="runs"),
    path("runs/<int:pk>/", views.run, name="run"),
    path("runs/<int:pk>/retry/", views.retry, name="retry"),
    path("runs/<int:pk>/cancel/", views.cancel, name="cancel"),
]
