/*
 * test_pacer.c - the pacer against a simulated table, in simulated time.
 *
 * The table holds a token bucket; a batch whose units find the bucket short comes back partly
 * unprocessed, or is throttled as a whole when nothing could be written. Unprocessed units are
 * sent again.
 */
#include "unit.h"

#include "base/backoff.h"
#include "send/pacer.h"
#include "send/window.h"

#include <stdio.h>

enum { SLOTS = 64, BATCH_UNITS = 25, SECONDS_MAX = 120 };

typedef struct Flight {
    bool used;
    int64_t sent_us, reply_us;
    int units, accepted;
    double charge;
} Flight;

typedef struct Sim {
    double limit;    /* units per second */
    double burst_s;  /* seconds of capacity that the bucket holds */
    double cost;     /* consumed per estimated unit */
    int64_t rtt_us;  /* plus up to half of it */
    int64_t tick_us; /* how often the sender gets to run */
    double refused;  /* share that comes back whatever the rate */
    double tokens;
    int64_t tokens_us;
    R2dPacer pacer;
    R2dWindow window;
    R2dRandom random;
    Flight flights[SLOTS];
    int64_t now_us;
    int backlog;                                          /* units to resend */
    double accepted[SECONDS_MAX], throttled[SECONDS_MAX]; /* per second, consumed units */
} Sim;

static void sim_init(Sim *sim, double limit, double initial_wcu, double max_wcu)
{
    *sim = (Sim){.limit = limit,
                 .burst_s = 300,
                 .cost = 1,
                 .rtt_us = 8000,
                 .tick_us = 1000,
                 .random = {.state = 5}};
    r2d_pacer_init(&sim->pacer, initial_wcu, max_wcu, 0);
    r2d_window_init(&sim->window, SLOTS, 0);
}

static void table_refill(Sim *sim)
{
    sim->tokens += sim->limit * (double)(sim->now_us - sim->tokens_us) / 1e6;
    sim->tokens_us = sim->now_us;
    if (sim->tokens > sim->limit * sim->burst_s)
        sim->tokens = sim->limit * sim->burst_s;
}

/* The table writes single items of one unit while it has tokens. */
static int table_take(Sim *sim, int units)
{
    int accepted = 0;
    table_refill(sim);
    for (int i = 0; i < units && sim->tokens >= sim->cost; i++) {
        if (sim->refused > 0 && r2d_random_unit(&sim->random) < sim->refused)
            continue;
        sim->tokens -= sim->cost;
        accepted++;
    }
    return accepted;
}

static int in_flight(const Sim *sim)
{
    int count = 0;
    for (int i = 0; i < SLOTS; i++)
        count += sim->flights[i].used;
    return count;
}

static void replies(Sim *sim)
{
    int second = (int)(sim->now_us / R2D_US_PER_S);
    for (int i = 0; i < SLOTS; i++) {
        Flight *flight = &sim->flights[i];
        if (!flight->used || flight->reply_us > sim->now_us)
            continue;
        R2dPacerReply reply = {.sent_us = flight->sent_us,
                               .charge = flight->charge,
                               .accepted_units = flight->accepted,
                               .throttled_units = flight->units - flight->accepted,
                               .consumed =
                                   flight->accepted > 0 ? flight->accepted * sim->cost : -1};
        r2d_pacer_reply(&sim->pacer, &reply, sim->now_us);
        r2d_window_reply(&sim->window, flight->sent_us, sim->now_us);
        sim->backlog += reply.throttled_units;
        sim->accepted[second] += flight->accepted * sim->cost;
        sim->throttled[second] += reply.throttled_units * sim->cost;
        flight->used = false;
    }
}

static void sends(Sim *sim)
{
    for (int i = 0; i < SLOTS && in_flight(sim) < sim->window.limit; i++) {
        Flight *flight = &sim->flights[i];
        if (flight->used)
            continue;
        int units = sim->backlog > 0 && sim->backlog < BATCH_UNITS ? sim->backlog : BATCH_UNITS;
        if (r2d_pacer_wait_us(&sim->pacer, units, sim->now_us) > 0)
            return;
        sim->backlog -= sim->backlog > units ? units : sim->backlog;
        double jitter = 1 + r2d_random_unit(&sim->random) / 2;
        *flight = (Flight){.used = true,
                           .sent_us = sim->now_us,
                           .reply_us = sim->now_us + (int64_t)((double)sim->rtt_us * jitter),
                           .units = units,
                           .charge = r2d_pacer_take(&sim->pacer, units, sim->now_us),
                           .accepted = table_take(sim, units)};
    }
}

static void sim_run(Sim *sim, int seconds)
{
    int64_t end_us = (int64_t)seconds * R2D_US_PER_S;
    for (; sim->now_us < end_us; sim->now_us += sim->tick_us) {
        replies(sim);
        sends(sim);
    }
}

/* Over the seconds [from, to): what was used of what there was, and the share throttled. */
static double used(const Sim *sim, int from, int to, double limit)
{
    double sum = 0;
    for (int s = from; s < to; s++)
        sum += sim->accepted[s];
    return sum / (limit * (to - from));
}

static double throttled(const Sim *sim, int from, int to)
{
    double accepted = 0, refused = 0;
    for (int s = from; s < to; s++) {
        accepted += sim->accepted[s];
        refused += sim->throttled[s];
    }
    return refused / (accepted + refused);
}

static void report(const char *what, double used_share, double throttled_share)
{
    printf("    %-52s used %6.2f %%  throttled %6.3f %%\n", what, used_share * 100,
           throttled_share * 100);
}

static void a_steady_table_is_used_fully(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        double limit, initial, burst_s;
        int64_t rtt_us;
    } cases[] = {
        {"4,000 units/s, start 4,000, burst bucket empty", 4000, 4000, 300, 8000},
        {"4,000 units/s, start unknown", 4000, 0, 300, 8000},
        {"4,000 units/s, start 1,000, bucket of 1 s", 4000, 1000, 1, 8000},
        {"4,000 units/s, start 40,000", 4000, 40000, 300, 8000},
        {"4,000 units/s, 40 ms round trip", 4000, 4000, 300, 40000},
        {"40,000 units/s, start 4,000", 40000, 4000, 300, 8000},
        {"500 units/s, start 4,000", 500, 4000, 300, 8000},
        {"100 units/s, start 4,000", 100, 4000, 300, 8000},
    };
    static Sim sim;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sim_init(&sim, cases[i].limit, cases[i].initial, 0);
        sim.burst_s = cases[i].burst_s;
        sim.rtt_us = cases[i].rtt_us;
        sim_run(&sim, 60);
        int from = cases[i].initial == cases[i].limit ? 0 : 10;
        double u = used(&sim, from, 60, cases[i].limit), t = throttled(&sim, 5, 60);
        report(cases[i].what, u, t);
        assert_true(u >= 0.97);
        assert_true(t <= 0.01);
    }
}

static void a_doubled_limit_is_found_within_ten_seconds(void **state)
{
    (void)state;
    static Sim sim;
    for (int start = 20; start < 30; start++) {
        sim_init(&sim, 4000, 4000, 0);
        sim_run(&sim, start);
        sim.limit *= 2;
        sim_run(&sim, start + 40);
        double tenth = used(&sim, start + 9, start + 10, 8000);
        double t = throttled(&sim, start + 5, start + 40);
        if (start == 20)
            report("doubles: in the tenth second; later", tenth, t);
        assert_true(tenth >= 0.9);
        assert_true(t < 0.05);
        assert_true(throttled(&sim, start + 10, start + 40) <= 0.01);
        assert_true(used(&sim, start + 10, start + 40, 8000) >= 0.97);
    }
}

static void a_halved_limit_is_met_at_once(void **state)
{
    (void)state;
    static Sim sim;
    for (int start = 20; start < 30; start++) {
        sim_init(&sim, 8000, 4000, 0);
        sim_run(&sim, start);
        sim.limit /= 2;
        sim.tokens = 0;
        sim_run(&sim, start + 40);
        double t = throttled(&sim, start + 5, start + 40);
        if (start == 20)
            report("halves: in the third second; from the fifth on",
                   used(&sim, start + 2, start + 3, 4000), t);
        assert_true(used(&sim, start + 2, start + 10, 4000) >= 0.9);
        assert_true(throttled(&sim, start + 1, start + 5) < 0.05);
        assert_true(t <= 0.01);
    }
}

static void the_hard_bound_holds_in_every_ten_seconds(void **state)
{
    (void)state;
    static Sim sim;
    static const double costs[] = {1, 2, 3};
    for (int c = 0; c < 3; c++) {
        sim_init(&sim, 100000, 0, 2000);
        sim.cost = costs[c];
        sim_run(&sim, 30);
        r2d_pacer_set_max(&sim.pacer, 1000, sim.now_us);
        sim_run(&sim, 60);
        for (int s = 0; s + 10 <= 30; s++)
            assert_true(used(&sim, s, s + 10, 2000) * 20000 <= 20000 * 1.02 + 25 * costs[c]);
        for (int s = 31; s + 10 <= 60; s++)
            assert_true(used(&sim, s, s + 10, 1000) * 10000 <= 10000 * 1.02 + 25 * costs[c]);
        printf("    bound 2,000, then 1,000; %g units per estimated: used %.2f %%, %.2f %%\n",
               costs[c], used(&sim, 10, 30, 2000) * 100, used(&sim, 31, 60, 1000) * 100);
        assert_true(used(&sim, 10, 30, 2000) >= 0.97);
        assert_true(used(&sim, 40, 60, 1000) >= 0.97);
    }
}

static void writes_that_come_back_whatever_the_rate_do_not_stop_the_job(void **state)
{
    (void)state;
    static Sim sim;
    static const double shares[] = {0.02, 0.1, 0.3, 0.5, 0.8};
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        sim_init(&sim, 100000, 2000, 0);
        sim.refused = shares[i];
        sim_run(&sim, 60);
        double u = used(&sim, 5, 60, 2000 * (1 - shares[i]));
        char what[64];
        snprintf(what, sizeof what, "%g %% come back at any rate: of 2,000 units/s",
                 shares[i] * 100);
        report(what, u, throttled(&sim, 5, 60));
        assert_true(u >= 0.5);
    }
}

static void a_table_that_takes_little_is_met_although_writes_come_back_at_any_rate(void **state)
{
    (void)state;
    static Sim sim;
    sim_init(&sim, 4000, 4000, 0);
    sim.refused = 0.1;
    sim_run(&sim, 20);
    sim.limit = 400;
    sim.tokens = 0;
    sim_run(&sim, 60);
    double t = throttled(&sim, 25, 60);
    report("10 % come back at any rate, and the limit falls to 400", used(&sim, 25, 60, 400), t);
    assert_true(used(&sim, 25, 60, 400) >= 0.5);
    assert_true(t < 0.4);
}

static void the_rate_has_a_floor(void **state)
{
    (void)state;
    static const struct {
        double initial, max, floor;
    } cases[] = {{4000, 0, 25}, {0, 0, 5}, {5, 0, 1}, {500, 2, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        R2dPacer pacer;
        r2d_pacer_init(&pacer, cases[i].initial, cases[i].max, 0);
        for (int64_t now_us = 0; now_us < 600 * R2D_US_PER_S; now_us += 200000) {
            R2dPacerReply reply = {.sent_us = now_us, .throttled_units = 25, .consumed = -1};
            reply.charge = r2d_pacer_take(&pacer, 25, now_us);
            r2d_pacer_reply(&pacer, &reply, now_us + 150000);
            assert_true(r2d_pacer_rate(&pacer) >= cases[i].floor);
        }
    }
}

static void an_unused_rate_does_not_grow(void **state)
{
    (void)state;
    R2dPacer pacer;
    r2d_pacer_init(&pacer, 4000, 0, 0);
    for (int64_t now_us = 0; now_us < 30 * R2D_US_PER_S; now_us += 100000) {
        R2dPacerReply reply = {.sent_us = now_us, .accepted_units = 25, .consumed = 25};
        reply.charge = r2d_pacer_take(&pacer, 25, now_us);
        r2d_pacer_reply(&pacer, &reply, now_us + 5000);
    }
    assert_true(r2d_pacer_rate(&pacer) == 4000);
}

static void a_hot_partition_does_not_slow_the_table(void **state)
{
    (void)state;
    R2dPacer pacer;
    r2d_pacer_init(&pacer, 1000, 0, 0);
    R2dPacerReply reply = {
        .sent_us = 1, .charge = 25, .throttled_units = 25, .consumed = -1, .one_partition = true};
    for (int64_t now_us = 1; now_us < R2D_US_PER_S; now_us += 50000)
        r2d_pacer_reply(&pacer, &reply, now_us);
    assert_true(r2d_pacer_rate(&pacer) >= 1000);
    reply.one_partition = false;
    reply.sent_us = R2D_US_PER_S;
    r2d_pacer_reply(&pacer, &reply, 2 * R2D_US_PER_S);
    assert_true(r2d_pacer_rate(&pacer) < 1000);
}

static void waiting_times_are_right(void **state)
{
    (void)state;
    R2dPacer pacer;
    r2d_pacer_init(&pacer, 100, 100, 0);
    assert_int_equal(r2d_pacer_wait_us(&pacer, 25, 0), 0);
    r2d_pacer_take(&pacer, 25, 0);
    assert_int_equal(r2d_pacer_wait_us(&pacer, 25, 0), 250001);
    assert_int_equal(r2d_pacer_wait_us(&pacer, 25, 250000), 0);
    r2d_pacer_take(&pacer, 25, 250000);
    assert_int_equal(r2d_pacer_wait_us(&pacer, 1, 250000), 10001);
    /* An item above the burst goes when a full burst is there, and the rest is owed. */
    assert_int_equal(r2d_pacer_wait_us(&pacer, 400, 500000), 0);
    r2d_pacer_take(&pacer, 400, 500000);
    assert_in_range(r2d_pacer_wait_us(&pacer, 1, 500000), 3750000, 3770000);
    /* Idle time is not saved up. */
    assert_int_equal(r2d_pacer_wait_us(&pacer, 25, 60 * R2D_US_PER_S), 0);
    r2d_pacer_take(&pacer, 25, 60 * R2D_US_PER_S);
    assert_true(r2d_pacer_wait_us(&pacer, 25, 60 * R2D_US_PER_S) > 200000);
}

static void what_was_consumed_is_paid_and_what_was_not_is_given_back(void **state)
{
    (void)state;
    R2dPacer pacer;
    r2d_pacer_init(&pacer, 100, 100, 0);
    R2dPacerReply reply = {.accepted_units = 25, .consumed = 75};
    reply.charge = r2d_pacer_take(&pacer, 25, 0);
    assert_true(pacer.tokens == 0);
    r2d_pacer_reply(&pacer, &reply, 0);
    assert_true(pacer.tokens == -50);
    assert_true(pacer.scale > 1);
    r2d_pacer_init(&pacer, 100, 100, 0);
    reply.consumed = 10;
    reply.charge = r2d_pacer_take(&pacer, 25, 0);
    r2d_pacer_reply(&pacer, &reply, 0);
    assert_true(pacer.tokens == 15);
    assert_true(pacer.scale == 1);
    /* Throttled writes used up their turn. */
    r2d_pacer_init(&pacer, 100, 100, 0);
    reply = (R2dPacerReply){.accepted_units = 5, .throttled_units = 20, .consumed = 5};
    reply.charge = r2d_pacer_take(&pacer, 25, 0);
    r2d_pacer_reply(&pacer, &reply, 0);
    assert_true(pacer.tokens > -1e-9 && pacer.tokens < 1e-9);
    r2d_pacer_refund(&pacer, 25);
    assert_true(pacer.tokens > 25 - 1e-9);
}

static void the_window_grows_to_the_pipe_and_shrinks_again(void **state)
{
    (void)state;
    R2dWindow window;
    r2d_window_init(&window, 200, 0);
    assert_int_equal(window.limit, R2D_WINDOW_MIN);
    int64_t now_us = 0;
    /* 100 ms round trips and a service that answers whatever is in flight. */
    for (int round = 0; round < 50; round++) {
        int limit = window.limit;
        for (int i = 0; i < limit; i++)
            r2d_window_reply(&window, now_us, now_us + 100000 + i);
        now_us += 100000 + limit;
    }
    assert_true(window.limit > 150);
    r2d_window_failed(&window);
    assert_true(window.limit <= 150);
    for (int i = 0; i < 100; i++, now_us += 100000)
        r2d_window_reply(&window, now_us, now_us + 2000);
    assert_int_equal(window.limit, R2D_WINDOW_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_steady_table_is_used_fully),
        cmocka_unit_test(a_doubled_limit_is_found_within_ten_seconds),
        cmocka_unit_test(a_halved_limit_is_met_at_once),
        cmocka_unit_test(the_hard_bound_holds_in_every_ten_seconds),
        cmocka_unit_test(writes_that_come_back_whatever_the_rate_do_not_stop_the_job),
        cmocka_unit_test(a_table_that_takes_little_is_met_although_writes_come_back_at_any_rate),
        cmocka_unit_test(the_rate_has_a_floor),
        cmocka_unit_test(an_unused_rate_does_not_grow),
        cmocka_unit_test(a_hot_partition_does_not_slow_the_table),
        cmocka_unit_test(waiting_times_are_right),
        cmocka_unit_test(what_was_consumed_is_paid_and_what_was_not_is_given_back),
        cmocka_unit_test(the_window_grows_to_the_pipe_and_shrinks_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
