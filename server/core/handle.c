/* The way of a request through the core. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/audit/audit.h"
#include "server/core/ask.h"
#include "server/core/backends.h"
#include "server/core/mounts.h"
#include "server/core/route.h"
#include "server/lease/lease.h"
#include "server/policy/policy.h"
#include "server/sys/openapi.h"
#include "server/sys/wrapping.h"
#include "server/token/token.h"

/* Go's errors of several causes, which clients print as they come. */
#define MULTI "1 error occurred:\n\t* %s\n\n"

static void request_locate(struct request *r)
{
	r->rest = "";
	r->mount = mount_find(r->core, r->path, &r->rest);
	r->route = r->mount ? route_find(r, r->mount->backend->tables, r->rest) : NULL;
	/* Sealed, there is no table: sys/ answers what it can from here. */
	if (!r->mount && !r->core->unsealed && !strncmp(r->path, "sys/", 4))
		r->route = route_find(r, sys_backend.tables, r->path + 4);
}

/* Exclusive requests wait until no other runs; which route it is, is only sure while the table is held. */
static void core_enter(struct request *r)
{
	pthread_rwlock_rdlock(&r->core->lock);
	request_locate(r);
	if (r->route && r->route->flags & ROUTE_EXCLUSIVE) {
		pthread_rwlock_unlock(&r->core->lock);
		pthread_rwlock_wrlock(&r->core->lock);
		request_locate(r);
	}
}

/* POST makes or changes; only the engine knows which. */
static void operation_settle(struct request *r)
{
	if (r->operation == OP_UPDATE && r->route && r->route->exists && !r->route->exists(r))
		r->operation = OP_CREATE;
}

static int request_allow(struct request *r, struct policy_answer *answer)
{
	struct policy_question question = {
		.operation = r->operation, .path = r->path, .body = r->body, .wrap_ttl = r->wrap_ttl,
		.sudo = r->route && r->route->flags & ROUTE_SUDO,
	};

	policy_decide(r->policies, &question, &r->pool, answer);
	return answer->allowed ? 0 : refuse(r, 403, MULTI, "permission denied");
}

/* Who asks, and may they? A status where not. */
static int request_admit(struct request *r, struct policy_answer *answer)
{
	if (r->route && r->route->flags & ROUTE_OPEN) {
		answer->allowed = true;
		operation_settle(r);
		return 0;
	}
	if (!token_authenticate(r))
		return r->failed ? 500 : refuse(r, 403, "permission denied");
	policies_of_request(r);
	operation_settle(r);
	return request_allow(r, answer);
}

static int request_find_handler(struct request *r, handler_fn *handler)
{
	if (!r->mount && r->core->unsealed)
		return refuse(r, 404, "no handler for route \"%s\". route entry not found.", r->path);
	if (r->operation == OP_HELP && r->mount && !*r->rest) {
		*handler = help_answer;
		return 0;
	}
	if (!r->route)
		return refuse(r, 404, MULTI, "unsupported path");
	if (r->wrap_ttl && r->wrap_format && !strcmp(r->wrap_format, "jwt"))
		return refuse(r, 400, "wrapping tokens in the form of a JWT are not supported");
	*handler = r->operation == OP_HELP ? help_answer : route_handler(r->route, r->operation);
	if (!*handler)
		return refuse(r, 405, MULTI, "unsupported operation");
	return fields_check(r, r->route->fields);
}

static void reply_finish_data(struct request *r)
{
	struct reply *a = &r->reply;

	if (!a->has_data)
		return;
	json_close(&a->data);
	a->data_text = pool_json_end(&a->data);
	a->has_data = false;
}

/* What the handler granted takes effect, and all that it stored becomes durable. */
static int request_settle(struct request *r, int status)
{
	struct reply *a = &r->reply;

	if (status < 400 && a->login)
		status = token_grant(r);
	if (status < 400 && a->lease)
		status = lease_grant(r);
	reply_finish_data(r);
	if (status == 200 && !a->data_text.size && !a->auth_text.size && !a->raw_type && !a->warnings.count &&
	    !a->lease_id && !a->wrap_text.size)
		status = r->operation == OP_READ || r->operation == OP_LIST ? 404 : 204;
	if (status == 204 && a->warnings.count)
		status = 200;
	a->status = status;
	a->bare = r->operation == OP_HELP || (r->route && r->route->flags & ROUTE_BARE);
	if (status < 400 && !request_commit(r))
		return 500;
	if (r->failed)
		return 500;
	if (r->core->unsealed) /* the request may have sealed it */
		leases_committed(r);
	return status;
}

static int request_run(struct request *r, handler_fn handler)
{
	int status = handler(r);

	if (r->failed)
		return 500;
	return request_settle(r, status);
}

/* A failure inside says next to nothing to the client and all to the operator. */
static int internal_error(struct request *r, const char *step)
{
	struct reply *a = &r->reply;
	bool full = r->failed == -ENOSPC || r->failed == -EFBIG || r->failed == -EDQUOT;

	fprintf(stderr, "adyton-server: request %s: %s %s: %s: %s\n", r->id, operation_name(r->operation), r->path,
		step, r->failed ? strerror(-r->failed) : "failed");
	*a = (struct reply){ .status = 500 };
	return refuse(r, 500, full ? "storage is full: nothing was changed" : "internal error");
}

static const char *first_error(const struct request *r)
{
	return r->reply.errors.count ? r->reply.errors.at[0] : NULL;
}

/*
 * A token's last request still runs with it; then it ends, in a transaction of its own: what a handler gathered that
 * refused must not be stored with it.
 */
static void request_after(struct request *r)
{
	if (!r->token || !r->core->unsealed)
		return;
	request_release(r);
	token_used_up(r);
}

static bool audited(const struct request *r)
{
	return r->core->unsealed && !(r->route && r->route->flags & ROUTE_UNAUDITED);
}

static int core_answer(struct request *r)
{
	struct policy_answer answer = { .allowed = false };
	handler_fn handler = NULL;
	int status;

	if (!r->core->unsealed && !(r->route && r->route->flags & ROUTE_SEALED))
		return refuse(r, 503, "Vault is sealed");
	status = request_admit(r, &answer);
	if (!status)
		status = request_find_handler(r, &handler);
	if (audited(r) && !audit_request(r, &answer.granting, answer.allowed, first_error(r)))
		return internal_error(r, "audit");
	if (!status) {
		bool records = audited(r);

		status = request_run(r, handler);
		if (status < 400 && r->wrap_ttl && !r->reply.raw_type)
			status = wrap_reply(r);
		if (status == 500 && !r->reply.errors.count)
			status = internal_error(r, "store");
		reply_finish_data(r);
		r->reply.status = status;
		if (records && audited(r) && !audit_answer(r, status >= 400 ? first_error(r) : NULL))
			status = internal_error(r, "audit");
	}
	request_after(r);
	return status;
}

void core_handle(struct request *r)
{
	atomic_fetch_add(&r->core->requests_in_flight, 1);
	core_enter(r);
	r->reply.status = core_answer(r);
	reply_finish_data(r);
	request_release(r);
	pthread_rwlock_unlock(&r->core->lock);
	atomic_fetch_sub(&r->core->requests_in_flight, 1);
}
