/* Storage that belongs to a token, is seen by no other, and ends with it. */
#include "server/core/backends.h"
#include "server/engine/whole.h"
#include "server/token/token.h"

/* A batch token is stored nowhere, so nothing would end what it kept here. */
static bool cubbyhole_view(struct request *r, struct view *view)
{
	if (!r->token || r->token->type != TOKEN_SERVICE || !r->token->cubbyhole) {
		refuse(r, 400, "cubbyhole operations are only supported by \"service\" type tokens");
		return false;
	}
	view->prefix = r->token->cubbyhole;
	return true;
}

static bool cubbyhole_exists(struct request *r)
{
	struct view view = { r->token ? r->token->cubbyhole : NULL };

	return view.prefix && whole_exists(r, &view);
}

static int cubbyhole_read(struct request *r)
{
	struct view view;

	return cubbyhole_view(r, &view) ? whole_read(r, &view, NULL) : 400;
}

static int cubbyhole_write(struct request *r)
{
	struct view view;

	return cubbyhole_view(r, &view) ? whole_write(r, &view) : 400;
}

static int cubbyhole_delete(struct request *r)
{
	struct view view;

	return cubbyhole_view(r, &view) ? whole_delete(r, &view) : 400;
}

static int cubbyhole_list(struct request *r)
{
	struct view view;

	return cubbyhole_view(r, &view) ? whole_list(r, &view) : 400;
}

static const struct route cubbyhole_routes[] = {
	{ .pattern = "{path?}", .read = cubbyhole_read, .list = cubbyhole_list, .update = cubbyhole_write,
	  .delete = cubbyhole_delete, .exists = cubbyhole_exists,
	  .text = "Read, write, list and delete what belongs to the token alone." },
};

static const struct route_table cubbyhole_tables[] = { ROUTES(cubbyhole_routes), { .routes = NULL } };

const struct backend cubbyhole_backend = { .type = "cubbyhole", .class = MOUNT_SECRET, .tables = cubbyhole_tables,
					   .once = true };
