/* The two policies that every server has from the start. What they allow is Vault's; clients rely on it. */
#include "server/policy/policy.h"
#include "server/policy/texts.h"

const char policy_default_text[] =
	"\n"
	"# What a token may ask about itself, and do with itself\n"
	"path \"auth/token/lookup-self\" {\n    capabilities = [\"read\"]\n}\n\n"
	"path \"auth/token/renew-self\" {\n    capabilities = [\"update\"]\n}\n\n"
	"path \"auth/token/revoke-self\" {\n    capabilities = [\"update\"]\n}\n\n"
	"path \"sys/capabilities-self\" {\n    capabilities = [\"update\"]\n}\n\n"
	"path \"sys/internal/ui/resultant-acl\" {\n    capabilities = [\"read\"]\n}\n\n"
	"# Its own entity\n"
	"path \"identity/entity/id/{{identity.entity.id}}\" {\n    capabilities = [\"read\"]\n}\n\n"
	"path \"identity/entity/name/{{identity.entity.name}}\" {\n    capabilities = [\"read\"]\n}\n\n"
	"# Leases whose id it knows, by the older and the newer path\n"
	"path \"sys/renew\" {\n    capabilities = [\"update\"]\n}\n\n"
	"path \"sys/leases/renew\" {\n    capabilities = [\"update\"]\n}\n\n"
	"path \"sys/leases/lookup\" {\n    capabilities = [\"update\"]\n}\n\n"
	"# Its own cubbyhole\n"
	"path \"cubbyhole/*\" {\n    capabilities = [\"create\", \"read\", \"update\", \"delete\", \"list\"]\n}\n\n"
	"# Wrapping of answers\n"
	"path \"sys/wrapping/wrap\" {\n    capabilities = [\"update\"]\n}\n\n"
	"path \"sys/wrapping/lookup\" {\n    capabilities = [\"update\"]\n}\n\n"
	"path \"sys/wrapping/unwrap\" {\n    capabilities = [\"update\"]\n}\n\n"
	"# Hashing\n"
	"path \"sys/tools/hash\" {\n    capabilities = [\"update\"]\n}\n\n"
	"path \"sys/tools/hash/*\" {\n    capabilities = [\"update\"]\n}\n\n"
	"# OpenID Connect: ask for authorization\n"
	"path \"identity/oidc/provider/+/authorize\" {\n    capabilities = [\"read\", \"update\"]\n}\n";

const char policy_wrapping_text[] =
	"\n"
	"path \"cubbyhole/response\" {\n    capabilities = [\"create\", \"read\"]\n}\n\n"
	"path \"sys/wrapping/unwrap\" {\n    capabilities = [\"update\"]\n}\n\n"
	"path \"auth/token/revoke-self\" {\n    capabilities = [\"update\"]\n}\n";
