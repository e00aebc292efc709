"""The words that hostile labels are made of: names, texts and values of every type, odd ones and valid ones."""

from collections.abc import Collection, Mapping

SERVERS = ["h1-0123456789ab", "h2-ba9876543210", "h1-222222222222"]
SHARED_NAMES = [
    "web", "Web", "WEB", "api", "\u017fervice", "service", "SERVICE", "\u212aey", "key", "stra\u00dfe",
]  # fmt: skip
FIT_NAMES = [
    *SHARED_NAMES, *SERVERS, "servers", "loadbalancer", "url", "routers", "objects", "claims", "traefik",
    "0x1", "-1", "+1", "1e9", "\uff11\uff12", "\u0663", "\u00b2", "a%2Fb", "%", "%00", "%s%n", "a@docker",
    "a@file", "@docker", "@internal", "a,b", "a b", " ", " a", "a ", "\u00a0", "*", "?", "$(id)", "`id`",
    "{{.Name}}", "Host(`a`)", "a\nb", "a\r\n", "\t", "\x1b[2J", "\x07", "\x7f", "\x9b31m", "\u202egnp", "\u200b",
    "\ufeff", "\U0001f600", "e\u0301", "\u00e9", "\uffff", "\U0010ffff", "~", "!", '"', "'", "\\", "\\0",
    "<script>", "a" * 300, "n" * 1000, "\U0001f600" * 200, "null", "true", "-", "--", "_", "__lock",
    "doc\u212aer-event-bridge", "0123456789ab", "___LOCK", "http", "~~",
]  # fmt: skip
UNFIT_NAMES = [
    "", "0", "404", "99999999", "00000000000000000000", "a/b", "/", "../..", "..", "a/../b",
    "servers/h1-0123456789ab", "http/routers/web", "docker-event-bridge", "Docker-Event-Bridge",
    "DOCKER-EVENT-BRIDGE", "___lock", "a___lockb", "\0", "a\0b", "\ud800", "\udfff", "\udc80a", "\udcff", "[0]",
    "a]", "[", "]", "a[", "[[0]]", "a[0]", "9" * 5000, "n" * 1001, "x" * 70_000,
]  # fmt: skip
POSITIONS = [
    "[0]", "[1]", "[10]", "[99999999]", "[-1]", "[a]", "[]", "[0][1]", "[" + "9" * 400 + "]", ".a", "",
    "[\ud800]",
]  # fmt: skip
TEXTS = [
    "", " ", "a", "a,b", ",", ",,", " , ", ",[]string,a,b", ",int,1", "a,\u00e9", "\n", "\x1b]0;title\x07", "\0",
    "\ud800", "\udc80", "a" * 5000, "\U0001f600" * 500, "x" * 120_000, "Host(`a`)", "Host(`{{ .Name }}`)", "{{",
    "${HOME}", "$(reboot)", "'", '"', "`", "\\", "http://u:p@h/", "h1-0123456789ab", "web@docker",
    "web@docker,a@docker@docker", "@docker", "true", "false", "null", "[]", "{}", '{"format":1}', "<no value>",
    "Label(`a`,`b`)", "___lock", "..", "user:$apr1$x$y", "-----BEGIN PRIVATE KEY-----", "%s%s%s", "\u2028",
    "\ufeff", "traefik", "\x01" * 2000, '"' * 3000,
]  # fmt: skip
BOOLEANS = [
    "true", "false", "TRUE", "True", "t", "T", "1", "0", "f", "F", "tRuE", "yes", "on", "", " true", "2",
    "\uff34", "true\0",
]  # fmt: skip
NUMBERS = [
    "0", "1", "-1", "+3", "007", "80", "65535", "65536", "4294967295", "4294967296", "9223372036854775807",
    "-9223372036854775808", "9223372036854775808", "0x10", "1_000", "1e3", "1.5", " 1", "1 ", "\u0661", "\uff11",
    "", "-", "9" * 4301, "0" * 5000 + "1", "NaN", "--1", "1\n",
]  # fmt: skip
DURATIONS = [
    *NUMBERS, "5s", "1h1m1.5ms", "-.5s", ".s", "1d", "5 s", "1h" * 2000, "9223372037",
    "2562047h47m16.854775807s", "1\u00b5s", "1\u03bcs", "0", "-0", "+", "1." + "9" * 3000 + "s", "99999999999h",
    "1ns1ns", "s",
]  # fmt: skip
TAILS_OF_PLUGINS = [
    "", ".a", ".a.a", ".a.b", ".a.A", ".a[0]", ".a[1]", ".a[99999999].b", ".a[0].b.c[1]", ".A[0]", ".a.1", "[0]",
    ".b/c", ".___lock", ".servers.h1-0123456789ab.url", ".a\0", "." + ".".join("a" * 30),
    "." + ".".join("b" * 60),
]  # fmt: skip
NOISE = "traefik.http[]/\\@%,`'\"{}$ \0\n\x1b\u017f\u212a\ud800\U0001f600aZ09_-"
PORTS = ["80/tcp", "8080", "53/udp", "65535/tcp", "9/sctp"]
BINDINGS = [
    {"HostIp": "0.0.0.0", "HostPort": "8080"},
    {"HostIp": "::", "HostPort": "8080"},
    {"HostIp": "127.0.0.1", "HostPort": "80"},
    {"HostIp": "", "HostPort": ""},
]
STATES = ["running"] * 40 + ["exited", "paused", "", "restarting"]
MODES = ["bridge"] * 30 + ["host", "none", "container:" + "1" * 64, "container:", "container:nobody"]
PARTS = ["Id", "Config", "NetworkSettings", "State"]

NETWORKS = {
    "bridge": {"NetworkID": "n", "IPAddress": "172.17.0.2", "GlobalIPv6Address": "2001:db8::2"},
    "backbone": {"NetworkID": "m", "IPAddress": "", "GlobalIPv6Address": "fd00:9::2"},
}
HERE: Mapping[str, str] = {"bridge": "172.17.0.2:", "backbone": "[fd00:9::2]:"}
"""How the address of a server on a network begins."""

ADDRESSES: Mapping[str, str] = {
    "": "", "10.9.9.9": "10.9.9.9:", "10.9.9.9:81": "10.9.9.9:81", "10.9.9.9:00081": "10.9.9.9:81",
    "fd00::7": "[fd00::7]:", "[fd00::7]": "[fd00::7]:", "[fd00::7]:81": "[fd00::7]:81",
    "Node_1.test": "Node_1.test:", "node.test.:65535": "node.test.:65535", "a": "a:",
    "n" * 300: "n" * 300 + ":",
}  # fmt: skip
"""Valid values for addresses, and how a server's address begins with each."""

BAD_ADDRESSES = [
    " ", "10.9.9.9 ", "10.9.9.9\n", "10.9.9.9:0", "10.9.9.9:65536", "10.9.9.9:x", "10.9.9.9:81:82", "10.9.9.9:",
    "10.9.9.9:\u0668\u0661", "10.9.9.256", "1.2.3", "\uff11.2.3.4", "10.9.9.9/24", "10.9.9.9#", "10.9.9.9?",
    "u@10.9.9.9", "u:p@10.9.9.9:81", "http://10.9.9.9", "//10.9.9.9", "a..b", ".", ":81", "[]:81",
    "[10.9.9.9]:81", "[fd00::7", "fd00::7]", "[fd00::7]81", "[fd00::7%eth0]:81", "fd00::7%25a", "[[fd00::7]]",
    "a,b", "a b", "a/b", "a\\b", "\u00e9.test", "\u212a", "\ud800", "\0", "a\0", "\x1b[2J", "${HOME}", "*",
    "n" * 70_000 + "/",
]  # fmt: skip
DRAIN_LIMITS = ["", "90s", "1m30s", "5", "+1", "1ns", "2540400h"]
BAD_DRAIN_LIMITS = [
    "0", "0s", "-1", "-5s", "x", "1d", " 5s", "5s ", "\u0665s", "9" * 5000, "1h" * 2000 + "x", "\ud800",
]  # fmt: skip
OWN: Mapping[str, tuple[Collection[str], list[str]]] = {
    "address": (ADDRESSES, BAD_ADDRESSES),
    "network": (HERE, ["nosuch", "Bridge", "", "bridge ", "\x1b", "\ud800", "n" * 70_000]),
    "drain-limit": (DRAIN_LIMITS, BAD_DRAIN_LIMITS),
}
"""Valid and invalid values of the bridge's own labels, by the last part of their names."""

MISSPELT = [
    "Bridge.address", "bridge.Address", "bridge.adress", "bridge.", "bridge..address", "bridge.a.b.address",
    "bridge.web.network", "bridge.\ud800.address", "BRIDGE.network", "bridge.address.", "bridge.drain_limit",
]  # fmt: skip

CROWDED = [
    "traefik.http.routers.n{}.rule",
    "traefik.http.middlewares.n{}.headers.customrequestheaders.x",
    "traefik.http.middlewares.n.headers.customrequestheaders.x{}",
]
CROWDS = [
    (45, 45), (100, 100), (124, 124), (130, 130), (1_000, 1_000), (1_001, 1_001), (1, 120_000), (60, 126_000),
    (1, 249_900), (1, 250_001),
]  # fmt: skip
"""The number of labels, and of characters of their values in all."""

RULES: Mapping[str, frozenset[str]] = {
    "Host(`own.test`)": frozenset({"own.test"}),
    "HostSNI(`own.test`)": frozenset({"own.test"}),
    "Host(`OWN.test`) && PathPrefix(`/`)": frozenset({"own.test"}),
    "Host(`a.team.test`) || HostHeader(`own.test`)": frozenset({"a.team.test", "own.test"}),
    "Host(`own.test`, `evil.test`)": frozenset({"own.test", "evil.test"}),
    "Host(`own.test`) && !Host(`evil.test`)": frozenset({"own.test", "evil.test"}),
    "Host(`own.test.evil.test`)": frozenset({"own.test.evil.test"}),
    "Host(`a`)": frozenset({"a"}),
}
"""Rules that are plainly limited to hosts, and the hosts that they name."""

OF_FIELDS: Mapping[str, list[str]] = {
    "rule": [
        *RULES, "!Host(`own.test`)", "Host(`own.test`) || PathPrefix(`/`)", "HostRegexp(`own.test`)",
        "HostSNI(`*`)", "Host(`own.test`) // `", "(Host(`own.test`)",
    ],
    "entrypoints": ["web", "web,secure", "secure, web", "web,traefik", "WEB"],
    "port": ["80", "8080", "443", "80@evil.test:81", "81/"],
    "scheme": ["http", "https", "h2c", "http://evil.test/?", "//"],
    "middlewares": ["web", "web@docker", "auth@file", "api"],
    "service": ["web", "api@internal", "web@docker"],
    "main": ["own.test", "a.team.test", "evil.test"],
    "url": ["http://evil.test", "http://172.17.0.2:80"],
}  # fmt: skip
