/*
 * http_curl.c - the HTTP client over libcurl: one multi handle, one epoll descriptor, one timer.
 *
 * An exchange borrows a slot (an easy handle and what is set on it) from its first start until it
 * is freed. libcurl's callbacks record and return: they never call back into the caller, and
 * nothing jumps through libcurl's frames. libcurl's memory comes from malloc: its hooks are for
 * the whole process and carry no context.
 */
#include "http_curl.h"
#include "../base/address.h"
#include "done_list.h"
#include "failure.h"
#include "record.h"
#include "request_lines.h"
#include "watch.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>

/* For CURLOPT_PROTOCOLS_STR and a curl_global_init that other users of libcurl cannot disturb. */
_Static_assert(LIBCURL_VERSION_NUM >= 0x075500, "libcurl 7.85 or later is needed");

#define SET(easy, option, value)        (curl_easy_setopt(easy, option, value) == CURLE_OK)
#define SET_MULTI(multi, option, value) (curl_multi_setopt(multi, option, value) == CURLM_OK)

#define EVENTS_MAX 64

typedef struct Slot {
    struct Client *client;
    CURL *easy;
    R2dHttpExchange *exchange;
    bool is_running;
    bool is_paused;
    bool is_metadata;      /* a connection was refused for its address */
    R2dBytes header_lines; /* what header_nodes point at */
    struct curl_slist header_nodes[R2D_HTTP_HEADERS_MAX + 3];
    char curl_error[CURL_ERROR_SIZE];
    struct Slot *next;
} Slot;

typedef struct Client {
    R2dHttpClient base;
    const R2dAlloc *alloc;
    R2dHttpCurlOptions options;
    R2dBytes ca_file, user_agent;
    CURLM *multi;
    R2dHttpWatch watch;
    R2dHttpDoneList done;
    Slot *slots;
} Client;

static Client *of(R2dHttpClient *client)
{
    return (Client *)client;
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    Slot *slot = context;
    R2dView line = r2d_view(data, size * count);
    return r2d_http_record_header(slot->exchange, line) == R2D_RECORD_TAKEN ? line.len : 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    Slot *slot = context;
    R2dView body = r2d_view(data, size * count);
    switch (r2d_http_record_body(slot->exchange, body)) {
    case R2D_RECORD_TAKEN:
        return body.len;
    case R2D_RECORD_FULL:
        slot->is_paused = true;
        return CURL_WRITEFUNC_PAUSE;
    default:
        return body.len + 1; /* anything but the length ends the transfer */
    }
}

static curl_socket_t on_open_socket(void *context, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    Slot *slot = context;
    (void)purpose;
    slot->is_metadata =
        !slot->client->options.allow_metadata && r2d_address_socket_is_metadata(&address->addr);
    if (slot->is_metadata)
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
    static const uint32_t events[] = {[CURL_POLL_IN] = EPOLLIN,
                                      [CURL_POLL_OUT] = EPOLLOUT,
                                      [CURL_POLL_INOUT] = EPOLLIN | EPOLLOUT,
                                      [CURL_POLL_REMOVE] = 0};
    (void)easy, (void)known;
    r2d_http_watch_socket(&((Client *)context)->watch, fd, events[what]);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    r2d_http_watch_timer(&((Client *)context)->watch, timeout_ms);
    return 0;
}

static bool set_constants(Slot *slot)
{
    static const struct {
        CURLoption option;
        long value;
    } constants[] = {
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
        {CURLOPT_PATH_AS_IS, 1},
        {CURLOPT_FOLLOWLOCATION, 0},
        {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
        {CURLOPT_DISALLOW_USERNAME_IN_URL, 1},
        {CURLOPT_SSL_VERIFYPEER, 1},
        {CURLOPT_SSL_VERIFYHOST, 2},
        {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
        {CURLOPT_TCP_NODELAY, 1},
        {CURLOPT_TCP_KEEPALIVE, 1},
        {CURLOPT_TCP_KEEPIDLE, 30},
        {CURLOPT_TCP_KEEPINTVL, 10},
        {CURLOPT_LOW_SPEED_LIMIT, 1},
        {CURLOPT_UPLOAD_BUFFERSIZE, 16L * 1024}, /* one TLS record */
#if LIBCURL_VERSION_NUM >= 0x075700
        {CURLOPT_QUICK_EXIT, 1}, /* cancel does not wait for the resolver thread */
#endif
    };
    bool ok = true;
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++)
        ok &= SET(slot->easy, constants[i].option, constants[i].value);
    return ok;
}

/* Texts are copied by libcurl. */
static bool set_pointers(Slot *slot)
{
    const R2dHttpCurlOptions *options = &slot->client->options;
    CURL *easy = slot->easy;
    return SET(easy, CURLOPT_PRIVATE, (void *)slot) &&
           SET(easy, CURLOPT_ERRORBUFFER, slot->curl_error) &&
           SET(easy, CURLOPT_HEADERFUNCTION, on_header) &&
           SET(easy, CURLOPT_HEADERDATA, (void *)slot) &&
           SET(easy, CURLOPT_WRITEFUNCTION, on_body) &&
           SET(easy, CURLOPT_WRITEDATA, (void *)slot) &&
           SET(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket) &&
           SET(easy, CURLOPT_OPENSOCKETDATA, (void *)slot) &&
           SET(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&
           SET(easy, CURLOPT_USERAGENT, options->user_agent) &&
           (options->ca_file == NULL || SET(easy, CURLOPT_CAINFO, options->ca_file));
}

static void slot_free(Slot *slot)
{
    const R2dAlloc *alloc = slot->client->alloc;
    if (slot->easy != NULL)
        curl_easy_cleanup(slot->easy);
    r2d_bytes_free(&slot->header_lines);
    r2d_release(alloc, slot);
}

static Slot *slot_new(Client *client, R2dHttpExchange *exchange)
{
    Slot *slot = r2d_new(client->alloc, sizeof *slot);
    if (slot == NULL)
        return NULL;
    slot->client = client;
    slot->exchange = exchange;
    r2d_bytes_init(&slot->header_lines, client->alloc);
    slot->easy = curl_easy_init();
    if (slot->easy == NULL || !set_constants(slot) || !set_pointers(slot)) {
        slot_free(slot);
        return NULL;
    }
    slot->next = client->slots;
    client->slots = slot;
    return slot;
}

static void add_node(Slot *slot, int *count, const char *line)
{
    struct curl_slist *node = &slot->header_nodes[*count];
    *node = (struct curl_slist){.data = (char *)line}; /* libcurl only reads it */
    if (*count > 0)
        slot->header_nodes[*count - 1].next = node;
    ++*count;
}

/* The lines and their list are ours: libcurl takes no copy of CURLOPT_HTTPHEADER. */
static R2dStatus set_headers(Slot *slot, R2dError *err)
{
    const R2dHttpExchange *exchange = slot->exchange;
    const char *lines[R2D_HTTP_HEADERS_MAX];
    int count = 0;
    if (r2d_http_request_lines(exchange, &slot->header_lines, lines, err) != R2D_OK)
        return R2D_FAILED;
    while (count < exchange->header_count)
        add_node(slot, &count, lines[count]);
    /* libcurl's own headers, taken out; not those of the caller */
    add_node(slot, &count, "Expect:");
    if (!r2d_http_request_has_header(exchange, "accept"))
        add_node(slot, &count, "Accept:");
    if (!r2d_http_request_has_header(exchange, "content-type"))
        add_node(slot, &count, "Content-Type:");
    return SET(slot->easy, CURLOPT_HTTPHEADER, slot->header_nodes) ? R2D_OK : r2d_fail_memory(err);
}

/* Methods beside GET, HEAD and POST are one of these under another name. */
static bool set_method(Slot *slot)
{
    const R2dHttpExchange *exchange = slot->exchange;
    const char *method = exchange->method;
    bool is_post = strcmp(method, "POST") == 0, is_head = strcmp(method, "HEAD") == 0;
    bool is_plain = is_post || is_head || strcmp(method, "GET") == 0;
    bool sends_body = is_post || exchange->body.len > 0 || strcmp(method, "PUT") == 0;
    CURLoption kind = sends_body ? CURLOPT_POST : is_head ? CURLOPT_NOBODY : CURLOPT_HTTPGET;
    bool ok = SET(slot->easy, CURLOPT_NOBODY, 0L) && SET(slot->easy, kind, 1L) &&
              SET(slot->easy, CURLOPT_CUSTOMREQUEST, is_plain ? NULL : method);
    if (!ok || !sends_body)
        return ok;
    return SET(slot->easy, CURLOPT_POSTFIELDS, exchange->body.len > 0 ? exchange->body.data : "") &&
           SET(slot->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body.len);
}

static bool set_limits(Slot *slot)
{
    const R2dHttpExchange *exchange = slot->exchange;
    long silence_s = (exchange->silence_timeout_ms + 999L) / 1000;
    /* Refused while a buffer is left from a transfer that failed early; then that one serves. */
    curl_easy_setopt(slot->easy, CURLOPT_BUFFERSIZE, exchange->stream ? 64L * 1024 : 16L * 1024);
    return SET(slot->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)exchange->connect_timeout_ms) &&
           SET(slot->easy, CURLOPT_TIMEOUT_MS, (long)exchange->total_timeout_ms) &&
           SET(slot->easy, CURLOPT_LOW_SPEED_TIME, silence_s);
}

static void explain(Slot *slot, CURLcode code)
{
    static const struct {
        CURLcode code;
        R2dAction action;
        const char *hint;
    } known[] = {
        {CURLE_COULDNT_RESOLVE_HOST, R2D_ACT_RETRY, "Check the Region and the endpoint."},
        {CURLE_PEER_FAILED_VERIFICATION, R2D_ACT_STOP, "Check the endpoint and the CA file."},
        {CURLE_SSL_CACERT_BADFILE, R2D_ACT_STOP, "Check the CA file."},
        {CURLE_URL_MALFORMAT, R2D_ACT_STOP, "Check the endpoint."},
        {CURLE_UNSUPPORTED_PROTOCOL, R2D_ACT_STOP, "Check the endpoint."},
        {CURLE_LOGIN_DENIED, R2D_ACT_STOP, "Check the endpoint."},
        {CURLE_OK, R2D_ACT_RETRY, NULL}, /* all others */
    };
    const char *text = slot->curl_error[0] != '\0' ? slot->curl_error : curl_easy_strerror(code);
    int i = 0;
    while (known[i].code != code && known[i].code != CURLE_OK)
        i++;
    if (code == CURLE_OUT_OF_MEMORY)
        r2d_fail_memory(&slot->exchange->error);
    else if (slot->is_metadata)
        r2d_http_failure(slot->exchange, R2D_ACT_STOP, "it leads to a link-local address", NULL);
    else
        r2d_http_failure(slot->exchange, known[i].action, text, known[i].hint);
}

static void finish(Client *client, Slot *slot, CURLcode code)
{
    R2dHttpExchange *exchange = slot->exchange;
    curl_multi_remove_handle(client->multi, slot->easy);
    slot->is_running = false;
    slot->is_paused = false;
    exchange->state = R2D_HTTP_DONE;
    exchange->failed = code != CURLE_OK;
    if (exchange->failed && exchange->error.kind == R2D_ERR_NONE)
        explain(slot, code);
    r2d_http_done_append(&client->done, exchange);
}

static R2dStatus curl_start(R2dHttpClient *base, R2dHttpExchange *exchange, R2dError *err)
{
    Client *client = of(base);
    if (exchange->state == R2D_HTTP_RUNNING)
        return r2d_fail(err, R2D_ERR_INTERNAL, "an HTTP exchange was started twice");
    Slot *slot = exchange->transport != NULL ? exchange->transport : slot_new(client, exchange);
    exchange->transport = slot;
    if (slot == NULL)
        return r2d_fail_memory(err);
    r2d_http_done_remove(&client->done, exchange);
    exchange->state = R2D_HTTP_IDLE;
    r2d_http_record_start(exchange);
    if (set_headers(slot, err) != R2D_OK)
        return R2D_FAILED;
    if (!SET(slot->easy, CURLOPT_URL, exchange->url) || !set_method(slot) || !set_limits(slot))
        return r2d_fail_memory(err);
    slot->curl_error[0] = '\0';
    slot->is_metadata = false;
    if (curl_multi_add_handle(client->multi, slot->easy) != CURLM_OK)
        return r2d_fail_memory(err);
    slot->is_running = true;
    exchange->state = R2D_HTTP_RUNNING;
    return R2D_OK;
}

static void curl_cancel(R2dHttpClient *base, R2dHttpExchange *exchange)
{
    Slot *slot = exchange->transport;
    if (slot == NULL)
        return;
    r2d_http_done_remove(&of(base)->done, exchange);
    if (!slot->is_running)
        return;
    curl_multi_remove_handle(of(base)->multi, slot->easy);
    slot->is_running = false;
    slot->is_paused = false;
    exchange->state = R2D_HTTP_IDLE;
}

static void curl_resume(R2dHttpClient *base, R2dHttpExchange *exchange)
{
    Slot *slot = exchange->transport;
    if (slot == NULL || !slot->is_paused)
        return;
    slot->is_paused = false;
    /* It may deliver, and pause again, right here. A body that could not be taken then is lost:
     * libcurl itself would go on behind it. */
    CURLcode code = curl_easy_pause(slot->easy, CURLPAUSE_CONT);
    if (code != CURLE_OK)
        finish(of(base), slot, code);
}

static void run_sockets(Client *client)
{
    struct epoll_event events[EVENTS_MAX];
    int running, count = epoll_wait(client->watch.epoll_fd, events, EVENTS_MAX, 0);
    for (int i = 0; i < count; i++) {
        uint32_t seen = events[i].events;
        int what = (seen & EPOLLIN ? CURL_CSELECT_IN : 0) |
                   (seen & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (seen & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(client->multi, events[i].data.fd, what, &running);
    }
}

static void run_timer(Client *client)
{
    int running;
    if (!r2d_http_watch_is_due(&client->watch))
        return;
    r2d_http_watch_timer(&client->watch, -1);
    curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

static void collect_done(Client *client)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        Slot *slot;
        CURLcode code = message->data.result; /* the message dies with the removal */
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&slot);
        finish(client, slot, code);
    }
}

/*
 * A new connection may start libcurl's resolver thread, which inherits the signal mask: with all
 * signals blocked it never runs a handler that belongs to the main thread. Any step may open one
 * (a reused connection that died is replaced without notice), so each step pays for it: two system
 * calls, at most some 1 % of what a request costs.
 */
static R2dStatus curl_step(R2dHttpClient *base, R2dError *err)
{
    Client *client = of(base);
    sigset_t all, saved;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &saved);
    run_sockets(client);
    run_timer(client);
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
    collect_done(client);
    return client->watch.is_broken
               ? r2d_fail(err, R2D_ERR_INTERNAL, "epoll refused a socket of the HTTP client")
               : R2D_OK;
}

static R2dHttpExchange *curl_next_done(R2dHttpClient *base)
{
    R2dHttpExchange *exchange = of(base)->done.first;
    if (exchange != NULL)
        r2d_http_done_remove(&of(base)->done, exchange);
    return exchange;
}

static int curl_wait_fd(R2dHttpClient *base)
{
    return of(base)->watch.epoll_fd;
}

static int curl_wait_ms(R2dHttpClient *base)
{
    return r2d_http_watch_ms(&of(base)->watch);
}

static void curl_forget(R2dHttpClient *base, R2dHttpExchange *exchange)
{
    Slot *slot = exchange->transport, **link = &of(base)->slots;
    curl_cancel(base, exchange);
    exchange->transport = NULL;
    while (*link != slot)
        link = &(*link)->next;
    *link = slot->next;
    slot_free(slot);
}

static void curl_close(R2dHttpClient *base)
{
    Client *client = of(base);
    while (client->slots != NULL)
        curl_forget(base, client->slots->exchange);
    if (client->multi != NULL)
        curl_multi_cleanup(client->multi);
    r2d_http_watch_close(&client->watch);
    r2d_bytes_free(&client->ca_file);
    r2d_bytes_free(&client->user_agent);
    r2d_release(client->alloc, client);
}

static const R2dHttpClientOps ops = {
    .start = curl_start,
    .cancel = curl_cancel,
    .resume = curl_resume,
    .step = curl_step,
    .next_done = curl_next_done,
    .wait_fd = curl_wait_fd,
    .wait_ms = curl_wait_ms,
    .forget = curl_forget,
    .close = curl_close,
};

static bool set_multi(Client *client)
{
    CURLM *multi = client->multi;
    long most = client->options.max_connections;
    return SET_MULTI(multi, CURLMOPT_SOCKETFUNCTION, on_socket) &&
           SET_MULTI(multi, CURLMOPT_SOCKETDATA, (void *)client) &&
           SET_MULTI(multi, CURLMOPT_TIMERFUNCTION, on_timer) &&
           SET_MULTI(multi, CURLMOPT_TIMERDATA, (void *)client) &&
           SET_MULTI(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING) &&
           SET_MULTI(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, most) &&
           SET_MULTI(multi, CURLMOPT_MAX_HOST_CONNECTIONS, most) &&
           SET_MULTI(multi, CURLMOPT_MAXCONNECTS, most);
}

/* Slots are made later: the options' texts must outlive the call that gave them. */
static bool keep_text(R2dBytes *to, const char **text)
{
    if (*text == NULL)
        return true;
    bool ok = r2d_bytes_append(to, *text, strlen(*text) + 1);
    *text = to->data;
    return ok;
}

R2dHttpClient *r2d_http_curl_open(const R2dAlloc *alloc, const R2dHttpCurlOptions *options,
                                  R2dError *err)
{
    Client *client = r2d_new(alloc, sizeof *client);
    if (client == NULL) {
        r2d_fail_memory(err);
        return NULL;
    }
    *client = (Client){.base.ops = &ops, .alloc = alloc, .options = *options};
    r2d_bytes_init(&client->ca_file, alloc);
    r2d_bytes_init(&client->user_agent, alloc);
    client->multi = curl_multi_init();
    if (!r2d_http_watch_open(&client->watch))
        r2d_fail(err, R2D_ERR_INTERNAL, "cannot make an epoll descriptor: %s",
                 strerrordesc_np(errno));
    else if (client->multi != NULL && set_multi(client) &&
             keep_text(&client->ca_file, &client->options.ca_file) &&
             keep_text(&client->user_agent, &client->options.user_agent))
        return &client->base;
    else
        r2d_fail_memory(err);
    curl_close(&client->base);
    return NULL;
}

R2dStatus r2d_http_curl_global_init(R2dError *err)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    return code == CURLE_OK ? R2D_OK
                            : r2d_fail(err, R2D_ERR_INTERNAL, "libcurl does not start: %s",
                                       curl_easy_strerror(code));
}
