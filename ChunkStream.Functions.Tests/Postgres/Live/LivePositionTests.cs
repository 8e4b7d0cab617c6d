using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Live;
using CsCheck;

namespace ChunkStream.Functions.Tests.Postgres.Live;

/// <summary>The text of a position, which is signed and given to readers.</summary>
public sealed class LivePositionTests
{
    // As pg_snapshot's text has them: the oldest that runs is xmin, and all of them are before xmax, in their order.
    private static readonly Gen<string> Snapshots = Gen.Select(
        Gen.ULong[3, long.MaxValue / 2], Gen.ULong[1, 1_000_000].Array[0, 40], Gen.ULong[0, 5000],
        (start, steps, rest) =>
        {
            var running = new List<ulong>();
            var last = start;
            foreach (var step in steps)
            {
                running.Add(last);
                last += step;
            }

            return $"{start}:{last + rest}:{string.Join(',', running)}";
        });

    [Fact]
    public void It_is_read_as_it_was_written()
        => Gen.Select(Snapshots, Gen.Int[0, 3]).Holds(count: 1000, sample =>
        {
            var position = new LivePosition(new LiveSnapshot(sample.Item1), "4.1,7.12") { Turn = sample.Item2 };
            var read = LivePosition.Parse(position.ToString());

            Assert.Equal(
                (sample.Item1, position.Snapshot.Place, "4.1,7.12", sample.Item2),
                (read!.Snapshot.Text, read.Snapshot.Place, read.Generations, read.Turn));
        });

    [Fact]
    public void It_fits_into_a_URL_also_while_a_thousand_transactions_run()
    {
        const ulong start = 98_765_432_109_876;
        var running = Enumerable.Range(0, 1000).Select(number => start + (50 * (ulong)number));
        var snapshot = new LiveSnapshot($"{start}:{start + 60_000}:{string.Join(',', running)}");
        var position = new LivePosition(snapshot, "1.1");

        Assert.InRange(position.Ascii.Length, 0, 4000);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1/1.1")]
    [InlineData("1:5:/1.1")]
    [InlineData("1+/1.1")]
    [InlineData("1+a/1.1")]
    [InlineData("1+2+-1/1.1")]
    [InlineData("1+2/1.1/a")]
    [InlineData("1+2/1.1/1/1")]
    [InlineData("99999999999999999999+1/1.1")]
    public void Another_text_is_none(string text) => Assert.Null(LivePosition.Parse(text));
}
