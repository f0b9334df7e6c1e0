from django.urls import path

from eshops import views

app_name = "eshops"
urlpatterns = [path("", views.eshop_list, name="list")]
