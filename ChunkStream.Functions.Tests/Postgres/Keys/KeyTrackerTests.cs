using System.Buffers.Binary;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Columns;
using ChunkStream.Postgres.Keys;

namespace ChunkStream.Functions.Tests.Postgres.Keys;

public sealed class KeyTrackerTests
{
    private const uint Int8 = 20;
    private const string Value = "1234567890123456789";

    // While one thread waits for the next row, it may close the cursor and open another one at the last row, and the
    // thread that streams writes a checkpoint of the same row.
    [Fact]
    public async Task A_checkpoint_and_the_opening_of_a_cursor_do_not_disturb_each_other()
    {
        var key = new KeyTracker([new KeyColumnLayout(
            "id", IsDescending: false, "q.c0", Ordinal: 0, new KeyType("pg_catalog.int8", KeyText.Written),
            ColumnWriters.Find(Int8, exactNumbers: false))]);
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(
            bytes, long.Parse(Value, System.Globalization.CultureInfo.InvariantCulture));
        key.Take(0, bytes);
        key.Commit(isSameForPostgres: false);

        var opening = Task.Run(() => Enumerable.Range(0, 500_000).All(_ => key.Texts()[0] == Value));
        var isRight = true;
        while (!opening.IsCompleted)
            isRight &= key.Text(0).SequenceEqual("1234567890123456789"u8);

        Assert.True(await opening.Within());
        Assert.True(isRight);
    }
}
