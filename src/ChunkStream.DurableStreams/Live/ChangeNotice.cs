using System.Globalization;

namespace ChunkStream.DurableStreams.Live;

/// <summary>
/// What instances tell each other by NOTIFY on one channel: words with spaces between them. <c>12:345</c>: stream 12 is
/// at position 345; <c>12</c>: something else about it is new; <c>?…</c>: an instance wants to hear itself.
/// Transactions in SQL that append say the same, and add <c>*</c>: others may have appended and said nothing, because
/// transactions that notify can only commit one after another.
/// </summary>
internal static class ChangeNotice
{
    // Postgres takes 7,999 bytes.
    private const int MostBytes = 7_000;

    /// <summary>The payloads for some changes, as few as can be.</summary>
    public static List<string> Write(IEnumerable<KeyValuePair<long, long?>> changes, IEnumerable<string> pings)
    {
        var payloads = new List<string>();
        var words = new List<string>();
        var bytes = 0;
        var ofChanges = changes.Select(change => Word(change.Key, change.Value));
        foreach (var word in ofChanges.Concat(pings.Select(ping => "?" + ping)))
        {
            if (bytes + word.Length + 1 > MostBytes)
            {
                payloads.Add(string.Join(' ', words));
                words.Clear();
                bytes = 0;
            }

            words.Add(word);
            bytes += word.Length + 1;
        }

        if (words.Count > 0)
            payloads.Add(string.Join(' ', words));
        return payloads;
    }

    /// <summary>
    /// Takes a payload apart. Words that are not understood are skipped, because a later version may say more.
    /// </summary>
    public static void Read(ReadOnlySpan<char> payload, Action<long, long?> change, Action untold, Action<string> ping)
    {
        foreach (var range in payload.Split(' '))
        {
            var word = payload[range];
            if (word is "*")
            {
                untold();
                continue;
            }

            if (word is ['?', .. var name])
            {
                ping(name.ToString());
                continue;
            }

            var colon = word.IndexOf(':');
            var tail = 0L;
            if (TryRead(colon < 0 ? word : word[..colon], out var id)
                && (colon < 0 || TryRead(word[(colon + 1)..], out tail)))
                change(id, colon < 0 ? null : tail);
        }
    }

    private static string Word(long id, long? tail)
        => tail is null
            ? id.ToString(CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{id}:{tail}");

    private static bool TryRead(ReadOnlySpan<char> digits, out long number)
        => long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
