using System.Globalization;
using System.Text;
using ChunkStream.Postgres.Live;

namespace ChunkStream.Postgres.Shapes;

/// <summary>
/// Electric's message of a snapshot: it tells which transactions its reader has. An app that has written waits until
/// its own is among them.
/// </summary>
internal static class ElectricSnapshot
{
    /// <summary>
    /// The message; null around the moment at which the numbers of transactions begin anew, where it could be
    /// misunderstood.
    /// </summary>
    /// <param name="position">The position.</param>
    /// <remarks>
    /// Electric's clients know a transaction by the 32 bits of <c>pg_current_xact_id()::xid</c>. So all numbers are cut
    /// to these.
    /// </remarks>
    public static byte[]? Write(LivePosition position)
    {
        var parts = position.Snapshot.Text.Split(':');
        var (xmin, xmax) = (Low(parts[0]), Low(parts[1]));
        if (xmin > xmax)
            return null;
        var running = parts[2].Length == 0 ? [] : parts[2].Split(',').Select(xid => $"\"{Low(xid)}\"");
        return Encoding.ASCII.GetBytes(
            $"{{\"headers\":{{\"control\":\"snapshot-end\",\"snapshot_mark\":0,\"database_lsn\":\"0\","
            + $"\"xmin\":\"{xmin}\",\"xmax\":\"{xmax}\",\"xip_list\":[{string.Join(',', running)}]}}}}");
    }

    private static uint Low(string xid) => unchecked((uint)ulong.Parse(xid, CultureInfo.InvariantCulture));
}
