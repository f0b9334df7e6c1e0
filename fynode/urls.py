from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import include, path
from django.views.generic import RedirectView

from fynode.health import healthz

sign_in = auth_views.LoginView.as_view(
    template_name="sign_in.html", redirect_authenticated_user=True
)

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("sign-in/", sign_in, name="sign_in"),
    path("sign-out/", auth_views.LogoutView.as_view(), name="sign_out"),
    path("admin/", admin.site.urls),
    path("orders/", include("orders.urls")),
    path("sync/", include("sync.urls")),
    path("e-shops/<int:eshop_id>/", include("sync.eshop_urls")),
    path("e-shops/connect/", include("sync.connect_urls")),
    path("e-shops/", include("eshops.urls")),
    path("marketplaces/", include("sync.marketplace_urls")),
    path("warehouse/", include("orders.warehouse_urls")),
    path("", include("sync.rule_urls")),
    path("", RedirectView.as_view(pattern_name="orders:list"), name="home"),
]

handler400 = "sync.views.bad_request"
