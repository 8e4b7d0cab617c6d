using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Failures;
using CsCheck;
using Microsoft.Extensions.Time.Testing;

namespace ChunkStream.Functions.Tests.Postgres.Connections;

/// <summary>Who gets a place, who waits, who is refused and who is asked to give way, without a database.</summary>
public sealed class ConnectionSlotsTests
{
    private static readonly TimeSpan QueueTime = TimeSpan.FromSeconds(3);

    private static readonly Gen<SlotsModel.Step> Steps = Gen.Select(
        Gen.Frequency((5, Gen.Const(SlotsModel.Act.Enter)), (9, Gen.Enum<SlotsModel.Act>())),
        Gen.Bool,
        Gen.Bool,
        Gen.Int[0, 1000],
        (act, isNewcomer, isAnonymous, choice) => new SlotsModel.Step(act, isNewcomer, isAnonymous, choice));

    private static readonly Gen<SlotsModel.Bounds> Bounds = Gen.Select(
        Gen.Int[1, 4],
        Gen.OneOf(0.01, 0.5, 1.0),
        Gen.Int[0, 4],
        (slots, share, queue) => new SlotsModel.Bounds(slots, share, queue, QueueTime));

    [Fact]
    public Task Whatever_happens_in_whatever_order_it_goes_as_the_rules_say_and_no_place_is_lost()
        => Gen.Select(Bounds, Steps.Array[1, 60]).HoldsAsync(600, async schedule =>
        {
            var model = new SlotsModel(schedule.Item1);
            foreach (var step in schedule.Item2)
                await model.RunAsync(step);
            await model.EndAsync();
        });

    [Fact]
    public async Task A_place_that_comes_as_the_time_of_who_waits_is_over_goes_to_the_next()
    {
        var time = new LostRaceTime(QueueTime);
        var slots = new ConnectionSlots(1, anonymousShare: 1, queueLength: 10, QueueTime, time);
        var place = await slots.EnterAsync(isNewcomer: true, isAnonymous: false, default).Within();
        var returning = Task.FromResult(place);
        time.Arrive = () =>
        {
            // The newcomer waits alone and gets the place. The other stream comes before the newcomer has heard that
            // its time is over.
            place.Dispose();
            returning = slots.EnterAsync(isNewcomer: false, isAnonymous: false, default);
        };

        var newcomer = slots.EnterAsync(isNewcomer: true, isAnonymous: false, default);
        await Assert.ThrowsAsync<BusyException>(() => newcomer.Within());

        Assert.Equal(1, time.Lost);
        (await returning.Within()).Dispose();
        (await slots.EnterAsync(isNewcomer: true, isAnonymous: true, default).Within()).Dispose();
    }

    [Fact]
    public async Task A_returning_stream_comes_first_once_it_has_waited_a_second_longer_than_each_newcomer()
    {
        var time = new FakeTimeProvider();
        var slots = new ConnectionSlots(1, anonymousShare: 1, queueLength: 100, QueueTime, time);
        var place = await slots.EnterAsync(isNewcomer: true, isAnonymous: false, default).Within();
        var returning = slots.EnterAsync(isNewcomer: false, isAnonymous: false, default);

        // One newcomer after another, each of which comes while the one before it has the place.
        for (var waited = 0; waited <= 1000; waited += 100)
        {
            var newcomer = slots.EnterAsync(isNewcomer: true, isAnonymous: false, default);
            time.Advance(TimeSpan.FromMilliseconds(100));
            place.Dispose();
            place = await newcomer.Within();
        }

        var late = slots.EnterAsync(isNewcomer: true, isAnonymous: false, default);
        Assert.False(returning.IsCompleted);
        place.Dispose();
        place = await returning.Within();
        Assert.False(late.IsCompleted);
        place.Dispose();
        (await late.Within()).Dispose();
    }

    [Fact]
    public async Task A_place_that_nobody_needs_is_offered_for_as_long_as_it_may_be()
    {
        var time = new FakeTimeProvider();
        var slots = new ConnectionSlots(1, anonymousShare: 1, queueLength: 1, QueueTime, time);
        using var place = await slots.EnterAsync(isNewcomer: true, isAnonymous: false, default).Within();

        var offer = place.OfferAsync(new TaskCompletionSource().Task, QueueTime, default);
        time.Advance(QueueTime - TimeSpan.FromMilliseconds(1));
        Assert.False(offer.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.False(await offer.Within());
    }
}
