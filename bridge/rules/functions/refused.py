"""Functions that Traefik's templates have and ours do not, with the reason that a user is shown."""

from collections.abc import Mapping

_ENVIRONMENT = "it would put the bridge's environment, secrets included, into a route that everybody can read"
_CHANGING = "its result changes from one call to the next, so the rule would never settle"
_NETWORK = "a rule must not depend on the network"
_CRYPTOGRAPHY = "a rule needs no keys, certificates or passwords"
_UNNEEDED = "docker-event-bridge does not support it, since no rule has needed it so far"

REASONS: Mapping[str, str] = {
    **dict.fromkeys(("env", "expandenv"), _ENVIRONMENT),
    **dict.fromkeys(
        (
            *("ago", "now", "uuidv4", "shuffle", "randAlpha", "randAlphaNum", "randAscii", "randBytes"),
            *("randInt", "randNumeric"),
        ),
        _CHANGING,
    ),
    "getHostByName": _NETWORK,
    **dict.fromkeys(
        (
            *("bcrypt", "buildCustomCert", "decryptAES", "derivePassword", "encryptAES", "genCA"),
            *("genCAWithKey", "genPrivateKey", "genSelfSignedCert", "genSelfSignedCertWithKey"),
            *("genSignedCert", "genSignedCertWithKey", "htpasswd"),
        ),
        _CRYPTOGRAPHY,
    ),
    **dict.fromkeys(
        (
            *("abbrevboth", "add1f", "addf", "base", "call", "camelcase", "chunk", "clean", "date"),
            *("dateInZone", "dateModify", "date_in_zone", "date_modify", "deepCopy", "dig", "dir", "divf"),
            *("duration", "durationRound", "ext", "fromJson", "hello", "htmlDate", "htmlDateInZone", "isAbs"),
            *("kebabcase", "merge", "mergeOverwrite", "mulf", "mustChunk", "mustDateModify", "mustDeepCopy"),
            *("mustFromJson", "mustMerge", "mustMergeOverwrite", "mustToDate", "mustToJson"),
            *("mustToPrettyJson", "mustToRawJson", "must_date_modify", "osBase", "osClean", "osDir", "osExt"),
            *("osIsAbs", "round", "semver", "semverCompare", "seq", "snakecase", "subf", "toDate", "toJson"),
            *("toPrettyJson", "toRawJson", "unixEpoch", "urlJoin", "urlParse", "wrap", "wrapWith"),
        ),
        _UNNEEDED,
    ),
}
