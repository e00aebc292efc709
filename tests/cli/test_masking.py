"""Output for people contains no secrets and no terminal control characters."""

import time

import pytest

from bridge.masking import escaped, listed, masked, masked_input


@pytest.mark.parametrize(
    "path",
    [
        "traefik.http.middlewares.auth.basicauth.users",
        "traefik/http/middlewares/auth/digestauth/users",
        "traefik.http.middlewares.Auth.BasicAuth.Users",
        "traefik.http.middlewares.h.headers.customrequestheaders.Authorization",
        "traefik/http/middlewares/h/headers/customrequestheaders/X-Api-Key",
        "traefik/http/middlewares/h/headers/customresponseheaders/Set-Cookie",
        "traefik/http/services/s/loadbalancer/healthcheck/headers/X-Auth-Token",
        "traefik.http.middlewares.p.plugin.jwt.secret",
        "traefik.http.middlewares.r.ratelimit.redis.password",
        "traefik/http/middlewares/p/plugin/a/tokens/[0000]",
        "traefik.http.middlewares.p.plugin.a.tokens[0]",
        "traefik/http/middlewares/p/plugin/a/secrets/a",
        "edge/traefik/http/middlewares/p/plugin/a/passwords/[0001]/value",
        "traefik/http/middlewares/p/plugin/basic/users",
        "traefik/http/middlewares/p/plugin/basic/users/[0000]",
        "traefik.http.middlewares.p.plugin.basic.users[0]",
        "plugin/p/tokens/[0000]",
        "plugin/p/tls/client/secret",
        "plugin/p/signing-key",
        "plugin/token",
        "basicauth/users",
        "traefik.http.middlewares.p.plugin.signingkey",
        *(
            f"traefik/http/middlewares/m/plugin/p/{option}"
            for option in (
                "sessionEncryptionKey",
                "signingKey",
                "HMACKey",
                "sharedKeys/[0000]",
                "licensekey",
                "key2",
                "passphrase",
                "userPass",
                "bearer",
                "clientJWT",
                "smtp/authPlain",
            )
        ),
        *(
            f"traefik/http/middlewares/h/headers/customrequestheaders/{header}"
            for header in (
                "X-Auth",
                "X-Pwd",
                "X-Vault-Key",
                "Ocp-Apim-Subscription-Key",
                "X-Signature",
                "X-Session-Id",
                "X-MyAuth",
            )
        ),
        "traefik.http.middlewares.h.Headers.CustomRequestHeaders.X-Auth",
        "etcd_password",
    ],
)
def test_secret_by_name(path: str) -> None:
    """Values named like credentials, and the users of basicAuth and digestAuth, are masked completely."""
    assert masked(path, "value") == "***"


def test_empty_secret_is_shown_as_empty() -> None:
    """A secret that is empty shows as empty: it hides nothing."""
    assert masked("etcd_password", "") == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("http://auth/verify?token=abc", "http://auth/verify?token=***"),
        ("http://auth/verify?a=b&apikey=a/b@c&c=d#e", "http://auth/verify?a=b&apikey=***&c=d#e"),
        (
            "Path(`/x`) && Query(`a`) || PathPrefix(`/?Client_Secret=x`)",
            "Path(`/x`) && Query(`a`) || PathPrefix(`/?Client_Secret=***`)",
        ),
        ("http://auth/verify?tok=abc&user=token", "http://auth/verify?tok=abc&user=token"),
    ],
)
def test_secret_parameters_of_urls(value: str, shown: str) -> None:
    """Only URL parameters named like credentials are masked."""
    assert masked("traefik/http/middlewares/m/forwardauth/address", value) == shown


@pytest.mark.parametrize(
    "path",
    [
        "traefik.http.services.s.loadbalancer.sticky.cookie.name",
        "traefik.http.services.s.loadbalancer.sticky.cookie",
        "traefik.http.routers.token.rule",
        "traefik/http/middlewares/token",
        "traefik.http.serversTransports.token.serverName",
        "traefik.tls.stores.token.defaultGeneratedCert.resolver",
        "traefik/http/middlewares/my.token/addprefix/prefix",
        "traefik.http.middlewares.secret.headers.customrequestheaders.X-Forwarded-Proto",
        "traefik/http/middlewares/m/plugin/token-checker/realm",
        "traefik.http.middlewares.m.Plugin.token-checker.realm",
        "traefik.http.middlewares.h.headers.accesscontrolallowcredentials",
        "traefik.http.middlewares.h.headers.customrequestheaders.X-Author",
        "traefik.http.middlewares.f.forwardauth.authresponseheaders",
        "traefik.http.middlewares.f.forwardAuth.authResponseHeaders",
        "traefik.http.middlewares.h.headers.accessControlAllowCredentials",
        "traefik.http.services.s.loadBalancer.passHostHeader",
        "traefik/http/middlewares/m/plugin/signingKey/realm",
        "traefik/http/middlewares/m/plugin/p/keyring",
        "traefik/http/middlewares/m/plugin/p/cookiesEnabled",
        "traefik/http/middlewares/m/plugin/p/bypassPaths",
        "traefik.http.middlewares.h.headers.customrequestheaders.X-Forwarded-Proto",
        "traefik.http.middlewares.auth.basicauth.realm",
        "root_key",
        "etcd_username",
    ],
)
def test_name_resembling_a_credential_is_not_masked(path: str) -> None:
    """A value whose name only resembles a credential's is not masked."""
    assert masked(path, "value") == "value"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("http://user:p@ss@10.0.0.1:80/a@b", "http://***@10.0.0.1:80/a@b"),
        ("a http://u@h, tcp://v:w@i", "a http://***@h, tcp://***@i"),
        ("http://10.0.0.1/?to=a@b", "http://10.0.0.1/?to=a@b"),
        ("-----BEGIN EC PRIVATE KEY-----\nMHc", "***"),
        ("", ""),
    ],
)
def test_secret_by_value(value: str, shown: str) -> None:
    """Private keys and the user information of URLs are masked in any value."""
    assert masked("traefik.http.services.s.loadbalancer.server.url", value) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("root:hunter2@etcd:2379", "***@etcd:2379"),
        ("a:1,root:hun,ter2@etcd:2379", "***@etcd:2379"),
        ("ftp:u:hunter2@x", "***@x"),
        ("ftp://u:hun/t@er2@x", "ftp://***@x"),
        ("ssh://root@node:22", "ssh://***@node:22"),
        ("auth@file,,", "auth@file,,"),
        ("a@b:c", "a@b:c"),
        ("a:b@c:d@e:f", "***@e:f"),
    ],
)
def test_secret_in_invalid_url(text: str, shown: str) -> None:
    """User and password are masked even in an input that is no valid URL."""
    assert masked_input("etcd_endpoints", text) == shown


def test_long_input_is_masked_fast() -> None:
    """Masking is fast even for a long text made of separators."""
    began = time.process_time()
    assert masked_input("etcd_endpoints", ":" * 150_000) == ":" * 150_000
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zürich 東京", "Zürich 東京"),
        ("a\nb\r\t", r"a\nb\r\t"),
        ("\x1b[2J\x07\x9b", r"\x1b[2J\x07\x9b"),
        ("\u202eevil\u2028\udc80", r"\u202eevil\u2028\udc80"),
    ],
)
def test_control_characters_are_escaped(text: str, shown: str) -> None:
    """Control characters, direction marks and lone surrogates are escaped; letters of any script are not."""
    assert escaped(text) == shown


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ([], ""),
        (["a"], "a"),
        (list("abcde"), "a, b, c, d, e"),
        (list("abcdef"), "a, b, c, d, e and 1 more"),
        (["a"] * 1_005, "a, a, a, a, a and 1,000 more"),
        (["a" * 100], "a" * 100),
        (["a" * 101], "a" * 100 + "... (101 characters)"),
    ],
)
def test_list_of_names_stays_short(names: list[str], shown: str) -> None:
    """A list of names stays short, however many and however long they are."""
    assert listed(names) == shown
