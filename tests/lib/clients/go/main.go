// The official Go client against a server: what its own callers do, one case each. Usage: clients URL ROOT-TOKEN FRESH-URL; the last
// is of a server that was never initialized. TAP on standard output.
package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	vault "github.com/hashicorp/vault/api"
)

var (
	url, root, fresh string
	ctx              = context.Background()
	failed           bool
)

func clientOf(address, token string) *vault.Client {
	config := vault.DefaultConfig()
	config.Address = address
	config.MaxRetries = 0
	c, err := vault.NewClient(config)
	must(err)
	c.SetToken(token)
	return c
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// The value of a call that must succeed.
func got[T any](value T, err error) T {
	must(err)
	return value
}

func equal(found, expected any) {
	if !reflect.DeepEqual(found, expected) {
		panic(fmt.Errorf("expected %v, found %v", expected, found))
	}
}

// The call was refused with that status.
func refused(err error, status int) {
	var answer *vault.ResponseError

	if !errors.As(err, &answer) || answer.StatusCode != status {
		panic(fmt.Errorf("expected %d, found %v", status, err))
	}
}

func weak(c *vault.Client) *vault.Client {
	made := got(c.Auth().Token().Create(&vault.TokenCreateRequest{Policies: []string{"nothing"}, NoDefaultPolicy: true}))
	return clientOf(url, made.Auth.ClientToken)
}

func kv1(c *vault.Client) {
	must(c.Sys().Mount("one", &vault.MountInput{Type: "kv", Options: map[string]string{"version": "1"}}))
	kv := c.KVv1("one")
	must(kv.Put(ctx, "a/b", map[string]any{"x": "y"}))
	equal(got(kv.Get(ctx, "a/b")).Data, map[string]any{"x": "y"})
	equal(got(c.Logical().List("one/a")).Data["keys"], []any{"b"})
	must(kv.Delete(ctx, "a/b"))
	_, err := kv.Get(ctx, "a/b")
	equal(errors.Is(err, vault.ErrSecretNotFound), true)
	_, err = weak(c).KVv1("one").Get(ctx, "a/b")
	refused(err, 403)
}

func kv2(c *vault.Client) {
	kv := c.KVv2("secret")
	equal(got(kv.Put(ctx, "s", map[string]any{"a": "1"})).VersionMetadata.Version, 1)
	_, err := kv.Put(ctx, "s", map[string]any{"a": "2"}, vault.WithCheckAndSet(0))
	refused(err, 400)
	got(kv.Put(ctx, "s", map[string]any{"a": "2"}, vault.WithCheckAndSet(1)))
	equal(got(kv.Patch(ctx, "s", map[string]any{"b": "3"})).VersionMetadata.Version, 3)
	got(kv.Patch(ctx, "s", map[string]any{"b": "4"}, vault.WithMergeMethod("rw")))
	equal(got(kv.Get(ctx, "s")).Data, map[string]any{"a": "2", "b": "4"})
	equal(got(kv.GetVersion(ctx, "s", 1)).Data, map[string]any{"a": "1"})
	equal(len(got(kv.GetVersionsAsList(ctx, "s"))), 4)
	got(kv.Rollback(ctx, "s", 1))
	must(kv.Delete(ctx, "s"))
	must(kv.Undelete(ctx, "s", []int{5}))
	must(kv.DeleteVersions(ctx, "s", []int{2}))
	must(kv.Destroy(ctx, "s", []int{2}))
	must(kv.PutMetadata(ctx, "s", vault.KVMetadataPutInput{MaxVersions: 7, DeleteVersionAfter: time.Hour, CustomMetadata: map[string]any{"x": "y"}}))
	most := 8
	must(kv.PatchMetadata(ctx, "s", vault.KVMetadataPatchInput{MaxVersions: &most}))
	meta := got(kv.GetMetadata(ctx, "s"))
	equal(meta.MaxVersions, 8)
	equal(meta.CustomMetadata, map[string]any{"x": "y"})
	equal(meta.DeleteVersionAfter, time.Hour)
	equal(meta.Versions["2"].Destroyed, true)
	must(kv.DeleteMetadata(ctx, "s"))
	_, err = kv.Get(ctx, "s")
	equal(errors.Is(err, vault.ErrSecretNotFound), true)
}

func logical(c *vault.Client) {
	got(c.Logical().Write("cubbyhole/c", map[string]any{"n": 12345678901234567}))
	equal(fmt.Sprint(got(c.Logical().Read("cubbyhole/c")).Data["n"]), "12345678901234567")
	got(c.Logical().Delete("cubbyhole/c"))
	equal(got(c.Logical().Read("cubbyhole/c")) == nil, true)
	_, err := weak(c).Logical().Read("sys/mounts")
	refused(err, 403)
	_, err = c.Logical().Read("nowhere/x")
	equal(err, nil)
}

func token(c *vault.Client) {
	auth := c.Auth().Token()
	made := got(auth.Create(&vault.TokenCreateRequest{Policies: []string{"default"}, TTL: "1h", Metadata: map[string]string{"a": "b"}}))
	equal(got(made.TokenTTL()), time.Hour)
	equal(got(made.TokenPolicies()), []string{"default"})
	equal(got(made.TokenMetadata()), map[string]string{"a": "b"})
	own := clientOf(url, made.Auth.ClientToken)
	equal(got(got(own.Auth().Token().LookupSelf()).TokenAccessor()), made.Auth.Accessor)
	equal(got(got(auth.Lookup(made.Auth.ClientToken)).TokenIsRenewable()), true)
	got(auth.LookupAccessor(made.Auth.Accessor))
	equal(got(auth.Renew(made.Auth.ClientToken, 600)).Auth.LeaseDuration, 600)
	equal(got(own.Auth().Token().RenewSelf(500)).Auth.LeaseDuration, 500)
	equal(got(auth.RenewAccessor(made.Auth.Accessor, 400)).Auth.LeaseDuration, 400)
	must(own.Auth().Token().RevokeSelf(""))
	_, err := own.Auth().Token().LookupSelf()
	refused(err, 403)
	made = got(auth.CreateOrphan(&vault.TokenCreateRequest{Policies: []string{"default"}}))
	must(auth.RevokeAccessor(made.Auth.Accessor))
	made = got(auth.Create(&vault.TokenCreateRequest{}))
	must(auth.RevokeTree(made.Auth.ClientToken))
	must(auth.RevokeOrphan(got(auth.Create(&vault.TokenCreateRequest{})).Auth.ClientToken))
	got(c.Logical().Write("auth/token/roles/r", map[string]any{"allowed_policies": "default", "orphan": true}))
	got(auth.CreateWithRole(&vault.TokenCreateRequest{Policies: []string{"default"}}, "r"))
}

// The watcher that services keep their token alive with.
func watcher(c *vault.Client) {
	yes := true
	made := got(c.Auth().Token().Create(&vault.TokenCreateRequest{Policies: []string{"default"}, TTL: "30s", Renewable: &yes}))
	w := got(clientOf(url, made.Auth.ClientToken).NewLifetimeWatcher(&vault.LifetimeWatcherInput{Secret: made, Increment: 30}))
	go w.Start()
	defer w.Stop()
	select {
	case err := <-w.DoneCh():
		panic(fmt.Errorf("it ended: %v", err))
	case renewed := <-w.RenewCh():
		equal(renewed.Secret.Auth.ClientToken, made.Auth.ClientToken)
	case <-time.After(20 * time.Second):
		panic(errors.New("nothing was renewed"))
	}
}

func wrapping(c *vault.Client) {
	wrapper := clientOf(url, root)
	wrapper.SetWrappingLookupFunc(func(string, string) string { return "60s" })
	made := got(wrapper.Auth().Token().Create(&vault.TokenCreateRequest{Policies: []string{"default"}}))
	equal(made.WrapInfo.TTL, 60)
	equal(made.WrapInfo.CreationTime.IsZero(), false)
	equal(got(clientOf(url, made.WrapInfo.Token).Logical().Unwrap("")).Auth.TokenPolicies, []string{"default"})
	_, err := c.Logical().Unwrap(made.WrapInfo.Token)
	refused(err, 400)
}

func mounts(c *vault.Client) {
	sys := c.Sys()
	must(sys.Mount("m", &vault.MountInput{Type: "kv", Description: "mine", Config: vault.MountConfigInput{DefaultLeaseTTL: "1h"}}))
	found := got(sys.ListMounts())["m/"]
	equal([]any{found.Type, found.Description, found.Config.DefaultLeaseTTL}, []any{"kv", "mine", 3600})
	must(sys.TuneMount("m", vault.MountConfigInput{MaxLeaseTTL: "2h"}))
	equal(got(sys.MountConfig("m")).MaxLeaseTTL, 7200)
	must(sys.Remount("m", "n"))
	must(sys.Unmount("n"))
	must(sys.EnableAuthWithOptions("up", &vault.EnableAuthOptions{Type: "userpass"}))
	equal(got(sys.ListAuth())["up/"].Type, "userpass")
	must(sys.DisableAuth("up"))
	must(sys.EnableAuditWithOptions("f", &vault.EnableAuditOptions{Type: "file", Options: map[string]string{"file_path": "/dev/null"}}))
	equal(got(sys.ListAudit())["f/"].Options, map[string]string{"file_path": "/dev/null"})
	equal(strings.HasPrefix(got(sys.AuditHash("f", "x")), "hmac-sha256:"), true)
	must(sys.DisableAudit("f"))
}

func policies(c *vault.Client) {
	sys, text := c.Sys(), `path "secret/*" { capabilities = ["read"] }`
	must(sys.PutPolicy("p", text))
	equal(got(sys.GetPolicy("p")), text)
	equal(strings.Contains(strings.Join(got(sys.ListPolicies()), " "), "p"), true)
	made := got(c.Auth().Token().Create(&vault.TokenCreateRequest{Policies: []string{"p"}}))
	equal(got(sys.Capabilities(made.Auth.ClientToken, "secret/x")), []string{"read"})
	equal(got(clientOf(url, made.Auth.ClientToken).Sys().CapabilitiesSelf("secret/x")), []string{"read"})
	must(sys.DeletePolicy("p"))
	equal(got(sys.GetPolicy("p")), "")
}

func logins(c *vault.Client) {
	must(c.Sys().EnableAuthWithOptions("approle", &vault.EnableAuthOptions{Type: "approle"}))
	got(c.Logical().Write("auth/approle/role/r", map[string]any{"token_policies": "default", "token_ttl": "10m"}))
	role := got(c.Logical().Read("auth/approle/role/r/role-id")).Data["role_id"]
	secret := got(c.Logical().Write("auth/approle/role/r/secret-id", nil)).Data["secret_id"]
	made := got(clientOf(url, "").Logical().Write("auth/approle/login", map[string]any{"role_id": role, "secret_id": secret}))
	equal(made.Auth.LeaseDuration, 600)
	_, err := clientOf(url, "").Logical().Write("auth/approle/login", map[string]any{"role_id": role, "secret_id": "no"})
	refused(err, 400)
	leases := got(c.Logical().List("sys/leases/lookup/auth/approle/login")).Data["keys"].([]any)
	lease := "auth/approle/login/" + leases[0].(string)
	equal(got(c.Sys().Lookup(lease)).Data["id"], lease)
	must(c.Sys().Revoke(lease))
	must(c.Sys().RevokePrefix("auth/approle/login"))
}

func transit(c *vault.Client) {
	text := base64.StdEncoding.EncodeToString([]byte("hello"))
	must(c.Sys().Mount("transit", &vault.MountInput{Type: "transit"}))
	got(c.Logical().Write("transit/keys/k", nil))
	made := got(c.Logical().Write("transit/encrypt/k", map[string]any{"plaintext": text})).Data["ciphertext"]
	equal(got(c.Logical().Write("transit/decrypt/k", map[string]any{"ciphertext": made})).Data["plaintext"], text)
}

func pki(c *vault.Client) {
	must(c.Sys().Mount("pki", &vault.MountInput{Type: "pki"}))
	got(c.Logical().Write("pki/root/generate/internal", map[string]any{"common_name": "root.example", "key_type": "ec"}))
	got(c.Logical().Write("pki/roles/r", map[string]any{"allow_any_name": true, "key_type": "ec"}))
	made := got(c.Logical().Write("pki/issue/r", map[string]any{"common_name": "a.example"}))
	got(c.Logical().Write("pki/revoke", map[string]any{"serial_number": made.Data["serial_number"]}))
}

func state(c *vault.Client) {
	sys := c.Sys()
	equal(got(sys.InitStatus()), true)
	equal(got(sys.SealStatus()).Sealed, false)
	equal(got(sys.Health()).Initialized, true)
	equal(got(sys.Leader()).HAEnabled, false)
	equal(got(sys.KeyStatus()).Term, 1)
	must(sys.Rotate())
	equal(got(sys.KeyStatus()).Term, 2)
	help := got(c.Help("sys"))
	equal(help.Help != "", true)
}

func start(*vault.Client) {
	c := clientOf(fresh, "")
	made := got(c.Sys().Init(&vault.InitRequest{SecretShares: 3, SecretThreshold: 2}))
	equal(len(made.KeysB64), 3)
	c.SetToken(made.RootToken)
	equal(got(c.Sys().Unseal(made.KeysB64[0])).Progress, 1)
	equal(got(c.Sys().ResetUnsealProcess()).Progress, 0)
	got(c.Sys().Unseal(made.KeysB64[1]))
	equal(got(c.Sys().Unseal(made.KeysB64[2])).Sealed, false)
	rekey := got(c.Sys().RekeyInit(&vault.RekeyInitRequest{SecretShares: 1, SecretThreshold: 1}))
	equal(got(c.Sys().RekeyStatus()).Started, true)
	got(c.Sys().RekeyUpdate(made.Keys[0], rekey.Nonce))
	done := got(c.Sys().RekeyUpdate(made.Keys[1], rekey.Nonce))
	equal(done.Complete, true)
	attempt := got(c.Sys().GenerateRootInit("", ""))
	equal(len(attempt.OTP), attempt.OTPLength)
	equal(got(c.Sys().GenerateRootUpdate(done.Keys[0], attempt.Nonce)).Complete, true)
	must(c.Sys().Seal())
	equal(got(c.Sys().SealStatus()).Sealed, true)
	_, err := c.Logical().Read("secret/x")
	refused(err, 503)
	got(c.Sys().Unseal(done.KeysB64[0]))
}

func try(number int, name string, test func(*vault.Client)) {
	defer func() {
		if wrong := recover(); wrong != nil {
			failed = true
			fmt.Printf("not ok %d - %s\n# %s\n", number, name, strings.ReplaceAll(fmt.Sprint(wrong), "\n", " "))
		}
	}()
	test(clientOf(url, root))
	fmt.Printf("ok %d - %s\n", number, name)
}

func main() {
	url, root, fresh = os.Args[1], os.Args[2], os.Args[3]
	tests := []struct {
		name string
		test func(*vault.Client)
	}{{"KVv1", kv1}, {"KVv2", kv2}, {"Logical", logical}, {"Auth.Token", token}, {"LifetimeWatcher", watcher}, {"wrapping", wrapping},
		{"Sys: mounts, auth, audit", mounts}, {"Sys: policies", policies}, {"app role and leases", logins}, {"transit", transit},
		{"PKI", pki}, {"Sys: state", state}, {"Sys: init to generate-root", start}}
	for i, t := range tests {
		try(i+1, t.name, t.test)
	}
	fmt.Printf("1..%d\n", len(tests))
	if failed {
		os.Exit(1)
	}
}
