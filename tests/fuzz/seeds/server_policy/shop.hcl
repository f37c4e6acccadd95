name = "shop"
path "a" { capabilities = ["read", "list"] }
path "a/*" { policy = "write" }
path "a/+/c" { capabilities = ["deny"] }
path "+/b/c*" {
  capabilities = ["create", "update", "sudo"]
  allowed_parameters = { "a" = ["x*", 5, true, [1]] "*" = [] }
  denied_parameters { "b" = [] }
  required_parameters = ["c"]
  min_wrapping_ttl = "1m"
  max_wrapping_ttl = 3600
}
path "s/{{identity.entity.name}}/*" { capabilities = ["read"] }
