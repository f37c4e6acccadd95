/* sys/in-flight-req and sys/metrics. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "server/core/core.h"
#include "server/lease/lease.h"
#include "server/sys/sys.h"
#include "server/sys/watch.h"

static pthread_mutex_t flights_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct list flights = LIST_INIT(flights); /* under flights_mutex */

/* By operation and hundreds of the status. */
static _Atomic uint64_t request_counts[OP_COUNT][6];
static _Atomic uint64_t request_nanoseconds;

static int64_t monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000 + t.tv_nsec;
}

void flight_begin(struct flight *f, const struct request *r, const char *method)
{
	*f = (struct flight){ .request = r, .method = method, .path = r->path, .began = monotonic() };
	pthread_mutex_lock(&flights_mutex);
	list_add_tail(&flights, &f->link);
	pthread_mutex_unlock(&flights_mutex);
}

void flight_end(struct flight *f)
{
	const struct request *r = f->request;
	int64_t took = monotonic() - f->began;
	int hundreds = r->reply.status / 100;

	pthread_mutex_lock(&flights_mutex);
	list_del(&f->link);
	pthread_mutex_unlock(&flights_mutex);
	request_counts[r->operation][hundreds > 0 && hundreds < 6 ? hundreds : 0]++;
	request_nanoseconds += (uint64_t)took;
	if (log_wanted(LOG_HTTP, LOG_DEBUG))
		fprintf(stderr, "adyton-server: http: %s %s %s %d %.3f ms\n",
			r->origin.remote_address ? r->origin.remote_address : "-", f->method, f->path,
			r->reply.status, (double)took / 1e6);
}

/* What is shown of a flight only changes before it begins. */
static int in_flight(struct request *r)
{
	struct json_writer *w = reply_data(r);
	int64_t now = monotonic();

	pthread_mutex_lock(&flights_mutex);
	list_for_each(at, &flights) {
		const struct flight *f = container_of(at, struct flight, link);
		const struct request *other = f->request;

		json_object(w, other->id);
		json_put_string(w, "start_time", time_text(&r->pool, r->now - (now - f->began)));
		json_put_string(w, "client_remote_address",
				other->origin.remote_address
					? pool_printf(&r->pool, "%s:%u", other->origin.remote_address,
						      other->origin.remote_port)
					: "");
		json_put_string(w, "request_path", pool_printf(&r->pool, "/v1/%s", f->path));
		json_put_string(w, "request_method", f->method);
		json_put_string(w, "client_id", "");
		json_close(w);
	}
	pthread_mutex_unlock(&flights_mutex);
	return 200;
}

/* -- metrics -- */

struct metric {
	const char *name, *help, *labels; /* labels: as Prometheus writes them, or "" */
	bool counter;
	double value;
};

typedef void (*metric_fn)(struct request *r, const struct metric *m, void *context);

static double resident_bytes(void)
{
	unsigned long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f && fscanf(f, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	if (f)
		fclose(f);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static double processor_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void each_request_count(struct request *r, metric_fn fn, void *context)
{
	for (int op = 0; op < OP_COUNT; op++)
		for (int hundreds = 1; hundreds < 6; hundreds++)
			fn(r, &(struct metric){ "adyton_requests_total", "Requests by operation and status.",
				pool_printf(&r->pool, "operation=\"%s\",status=\"%dxx\"",
					    operation_name((enum operation)op), hundreds), true,
				(double)request_counts[op][hundreds] }, context);
}

static uint64_t requests_total(void)
{
	uint64_t total = 0;

	for (int op = 0; op < OP_COUNT; op++)
		for (int hundreds = 0; hundreds < 6; hundreds++)
			total += request_counts[op][hundreds];
	return total;
}

static void each_metric(struct request *r, metric_fn fn, void *context)
{
	const struct core *core = r->core;
	const struct metric metrics[] = {
		{ "vault_core_unsealed", "Whether the server is unsealed.", "", false, core->unsealed },
		{ "vault_core_active", "Whether the server is active.", "", false, 1 },
		{ "vault_core_in_flight_requests", "Requests that are being handled.", "", false,
		  (double)atomic_load(&core->requests_in_flight) },
		{ "vault_core_handle_request_count", "Requests.", "", true, (double)requests_total() },
		{ "vault_core_handle_request_sum", "Milliseconds that requests took.", "", true,
		  (double)request_nanoseconds / 1e6 },
		{ "vault_expire_num_leases", "Leases.", "", false, (double)leases_count(core) },
		{ "process_resident_memory_bytes", "Memory.", "", false, resident_bytes() },
		{ "process_cpu_seconds_total", "Time of processors.", "", true, processor_seconds() },
		{ "process_start_time_seconds", "Since when it runs.", "", false, (double)core->started / 1e9 },
	};

	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++)
		fn(r, &metrics[i], context);
	each_request_count(r, fn, context);
}

struct prometheus {
	struct pool *pool;
	const char *text, *last;
};

static void put_prometheus(struct request *r, const struct metric *m, void *context)
{
	struct prometheus *p = context;
	const char *head = "";

	if (!p->last || strcmp(p->last, m->name))
		head = pool_printf(&r->pool, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name,
				   m->counter ? "counter" : "gauge");
	p->last = m->name;
	p->text = pool_printf(&r->pool, "%s%s%s%s%s%s %.17g\n", p->text, head, m->name, *m->labels ? "{" : "",
			      m->labels, *m->labels ? "}" : "", m->value);
}

struct json_part {
	struct json_writer *w;
	bool counters;
};

static void put_json(struct request *r, const struct metric *m, void *context)
{
	const struct json_part *part = context;
	const char *value = pool_printf(&r->pool, "%.17g", m->value);

	if (m->counter != part->counters)
		return;
	json_object(part->w, NULL);
	json_put_string(part->w, "Name", m->name);
	json_put_raw(part->w, m->counter ? "Sum" : "Value", value, strlen(value));
	json_object(part->w, "Labels");
	if (*m->labels) {
		char *labels = pool_text(&r->pool, m->labels), *save = NULL;

		for (char *l = strtok_r(labels, "=\",", &save); l; l = strtok_r(NULL, "=\",", &save))
			json_put_string(part->w, l, strtok_r(NULL, "=\",", &save));
	}
	json_close(part->w);
	json_close(part->w);
}

static int metrics_json(struct request *r)
{
	struct json_writer w;
	struct json_part gauges = { &w, false }, counters = { &w, true };
	struct blob text;

	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "Timestamp", time_text(&r->pool, r->now));
	json_array(&w, "Gauges");
	each_metric(r, put_json, &gauges);
	json_close(&w);
	json_array(&w, "Points");
	json_close(&w);
	json_array(&w, "Counters");
	each_metric(r, put_json, &counters);
	json_close(&w);
	json_array(&w, "Samples");
	json_close(&w);
	json_close(&w);
	text = pool_json_end(&w);
	return reply_raw(r, 200, "application/json", text.at, text.size);
}

static int metrics(struct request *r)
{
	const char *format = ask_text_or(r, "format", "");
	struct prometheus p = { &r->pool, "", NULL };

	if (!*format)
		return metrics_json(r);
	if (strcmp(format, "prometheus"))
		return refuse(r, 400, "metric response format \"%s\" unknown", format);
	each_metric(r, put_prometheus, &p);
	return reply_raw(r, 200, "text/plain; version=0.0.4; charset=utf-8", p.text, strlen(p.text));
}

static const struct field metrics_fields[] = { { "format", FIELD_STRING, "prometheus, or JSON" }, { NULL } };
static const struct route routes[] = {
	{ "in-flight-req", 0, .read = in_flight, .text = "requests that are being handled" },
	{ "metrics", 0, .read = metrics, .fields = metrics_fields, .text = "measured values" },
};
const struct route_table sys_watch_tables[] = { ROUTES(routes), { NULL } };
