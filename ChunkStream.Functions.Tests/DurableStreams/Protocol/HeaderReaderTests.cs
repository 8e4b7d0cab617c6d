using System.Globalization;
using System.Numerics;
using System.Text;
using ChunkStream.DurableStreams.Protocol;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.Support;
using CsCheck;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ChunkStream.Functions.Tests.DurableStreams.Protocol;

/// <summary>A header is read to the letter or refused. No bytes in it make the reader throw.</summary>
public sealed class HeaderReaderTests
{
    private const string Root = "/api/streams/";
    private const long MaxTtl = 3_153_600_000;
    private const long MaxSafeInteger = 9_007_199_254_740_991;
    private const int MaxNameBytes = 1024;

    private static readonly string[] Names =
    [
        "Content-Type", "Content-Encoding", "Stream-Closed", "Stream-TTL", "Stream-Expires-At", "Stream-Seq",
        "Stream-Forked-From", "Stream-Fork-Offset", "Stream-Fork-Sub-Offset",
        "Producer-Id", "Producer-Epoch", "Producer-Seq",
    ];

    // A server decodes header bytes as UTF-8, or, if they are not valid UTF-8, as one character a byte.
    private static readonly Gen<string> Any = Gen.OneOf(
        Gen.Byte.Array[0, 60].Select(AsHeader),
        Gen.OneOf(
            "a", "0", "9", "1", "/", ";", "=", "\"", "\\", ",", "*", "%", "%2F", "%ff", " ", "\t", "-", "+", ".", ":",
            "T", "Z", "true", "é", "😀", "\0", "\u007f", "text", "json", "2030-01-31T12:00:00Z", "/api/streams/", "..",
            "0000000000000000001", "gzip", "identity").Array[0, 8].Select(string.Concat));

    private static readonly Gen<string> Numbers = Gen.OneOf(
        Gen.Long[0, long.MaxValue].Select(number => number.ToString(CultureInfo.InvariantCulture)),
        Gen.OneOf(
            "0", "1", "9", "00", "", " ", "+", "-", ".", ",", "e", "\0", "٣", "9007199254740991", "9007199254740992",
            "3153600000", "3153600001").Array[0, 4].Select(string.Concat));

    [Fact]
    public void Whatever_the_headers_are_nothing_is_thrown_and_what_is_not_refused_is_in_its_bounds()
        => Any.Array[0, 2].Array[Names.Length].Holds(3000, values =>
        {
            var headers = new HeaderDictionary();
            foreach (var (name, value) in Names.Zip(values))
                headers[name] = new StringValues(value);
            var reader = new HeaderReader(headers);

            var (type, _, _) = (reader.ContentType(), reader.IsClosed(), reader.IsEncoded());
            var (ttl, expiresAt) = reader.Expiry();
            var (sequence, producer, fork) = (reader.Sequence(), reader.Producer(), reader.Fork(Root));

            if (reader.Problem() is { } problem)
            {
                Assert.All(problem.Errors!, error => Assert.Contains(error.Parameter, Names));
                return;
            }

            Assert.True(type is null || (ContentTypes.IsHeader(type) && type.Length <= 255));
            Assert.True(ttl is null or (>= 0 and <= MaxTtl) && (ttl is null || expiresAt is null));
            Assert.True(IsName(sequence ?? "x") && IsName(producer?.Id ?? "x"));
            Assert.InRange(producer?.Epoch ?? 0, 0, MaxSafeInteger);
            Assert.InRange(producer?.Sequence ?? 0, 0, MaxSafeInteger);
            Assert.InRange(fork?.SubOffset ?? 0, 0, MaxSafeInteger);
            Assert.True(fork is null or { Position: null or >= 0 });
            Assert.Null(DurablePath.Check(fork?.SourcePath ?? "a"));
        });

    [Fact]
    public void Numbers_are_whole_and_in_digits_and_those_that_are_compared_as_texts_have_one_spelling()
        => Gen.OneOf(Numbers, Any).Holds(5000, text =>
        {
            var given = text.Trim(' ', '\t');
            var isNumber = given.Length > 0 && given.All(char.IsAsciiDigit);
            var number = isNumber ? BigInteger.Parse(given, CultureInfo.InvariantCulture) : -1;
            var isCanonical = isNumber && number.ToString(CultureInfo.InvariantCulture) == given;

            Same(isCanonical && number <= MaxTtl, Reader(("Stream-TTL", text)), reader => reader.Expiry().TtlSeconds);
            Same(isNumber && number <= MaxSafeInteger, Producer(epoch: text), reader => reader.Producer()!.Epoch);
            Same(isNumber && number <= MaxSafeInteger, Producer(sequence: text), reader => reader.Producer()!.Sequence);
            var isSubOffset = isCanonical && number <= MaxSafeInteger;
            Same(isSubOffset, Fork("Stream-Fork-Sub-Offset", text), reader => reader.Fork(Root)!.SubOffset);
            var isOffset = isNumber && given.Length == 19 && number <= long.MaxValue;
            Same(isOffset, Fork("Stream-Fork-Offset", text), reader => reader.Fork(Root)!.Position);

            void Same(bool isRight, HeaderReader reader, Func<HeaderReader, long?> read)
            {
                var value = read(reader);
                Assert.Equal(isRight, reader.Problem() is null);
                Assert.True(!isRight || value == number);
            }
        });

    [Fact]
    public void A_position_comes_back_from_its_token()
        => Gen.OneOf(Gen.Long[0, long.MaxValue], Gen.Long[0, 100]).Holds(1000, position =>
            Assert.Equal(position, Fork("Stream-Fork-Offset", DurableOffset.Format(position)).Fork(Root)!.Position));

    [Fact]
    public void A_time_comes_back_to_the_digit_in_whatever_zone_it_is_told()
    {
        const long Day = TimeSpan.TicksPerDay;
        var ticks = Gen.Long[Day, DateTimeOffset.MaxValue.Ticks - Day];
        Gen.Select(ticks, Gen.Int[-14 * 60, 14 * 60], Gen.Int[0, 3]).Holds(2000, sample =>
        {
            var (moment, zone) = (new DateTimeOffset(sample.Item1, TimeSpan.Zero), TimeSpan.FromMinutes(sample.Item2));
            var time = moment.ToOffset(zone).ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff", CultureInfo.InvariantCulture);
            var offset = zone.ToString("hh':'mm", CultureInfo.InvariantCulture);
            var local = time + new string('9', sample.Item3) + (zone < TimeSpan.Zero ? "-" : "+") + offset;

            Assert.Equal(moment, Time(local));
            Assert.Equal(moment, Time(Rfc3339.Format(moment)));
            Assert.Equal(moment, Time(Rfc3339.Format(moment).ToLowerInvariant()));
        });
    }

    [Fact]
    public void A_time_is_refused_where_RFC_3339_has_no_such_time()
    {
        string[] zones = ["Z", "z", "+00:00", "-00:00", "+14:00", "-13:59"];
        string[] others = ["+14:01", "+00:60", "", "+1:00", "+0100", " Z"];
        var sixties = Gen.Int[0, 61];
        var days = Gen.Select(Gen.Int[0, 13], Gen.Int[0, 32]);
        Gen.Select(days, Gen.Int[0, 25], sixties, sixties, Gen.OneOf([.. zones, .. others])).Holds(3000, sample =>
        {
            var ((month, day), hour, minute, second, zone) = sample;
            var isDay = month is >= 1 and <= 12 && day >= 1 && day <= DateTime.DaysInMonth(2028, month);
            var isTime = isDay && hour <= 23 && minute <= 59 && second <= 59 && zones.Contains(zone);
            var text = string.Create(
                CultureInfo.InvariantCulture, $"2028-{month:00}-{day:00}T{hour:00}:{minute:00}:{second:00}{zone}");

            Assert.Equal(isTime, Time(text) is not null);
        });
    }

    [Fact]
    public void A_name_is_any_text_of_1_to_1024_bytes_without_control_characters()
    {
        var ascii = Gen.Int[1000, 1030].Select(length => new string('x', length));
        var twoBytes = Gen.Int[500, 515].Select(length => new string('é', length));
        Gen.OneOf(Any, ascii, twoBytes).Holds(3000, text =>
        {
            var name = text.Trim(' ', '\t');
            var (sequence, producer) = (Reader(("Stream-Seq", text)), Producer(text, "1", "2"));

            Assert.Equal(name, sequence.Sequence());
            Assert.Equal(new ProducerPosition(name, 1, 2), producer.Producer());
            Assert.Equal(IsName(name), sequence.Problem() is null);
            Assert.Equal(IsName(name), producer.Problem() is null);
        });
    }

    [Fact]
    public void The_path_of_a_stream_to_fork_comes_back_from_its_URL()
        => Any.Where(path => DurablePath.Check(path) is null).Holds(2000, path =>
        {
            var encoded = string.Join('/', path.Split('/').Select(Uri.EscapeDataString));

            foreach (var source in new[] { Root + encoded, Root.ToUpperInvariant() + encoded })
            {
                var reader = Reader(("Stream-Forked-From", source));
                Assert.Equal(new ForkPoint(path, null, 0), reader.Fork(Root));
                Assert.Null(reader.Problem());
            }
        });

    [Fact]
    public void A_media_type_is_taken_as_it_was_given_and_has_no_wildcard()
    {
        var token = Gen.String[Gen.Char["abcxyzABCXYZ0189!#$%&'+-.^_`|~"], 1, 12];
        var quoted = Gen.OneOf("a", " ", ";", "=", ",", "/", "\\\"", "\\\\", "\\a").Array[0, 6].Select(string.Concat);
        var value = Gen.OneOf(token, quoted.Select(text => $"\"{text}\""));
        var parameter = Gen.Select(
            Gen.OneOf("; ", ";", " ;", "\t;"), token, value, (between, name, text) => $"{between}{name}={text}");
        Gen.Select(token, token, parameter.Array[0, 3]).Holds(2000, sample =>
        {
            var (type, subtype, parameters) = sample;
            var text = $"{type}/{subtype}{string.Concat(parameters)}";
            var isLegible = text.Length <= 255 && !text.Contains('\t', StringComparison.Ordinal);

            Assert.Equal(isLegible, Taken(text));
            Assert.False(Taken($"{type}/*{string.Concat(parameters)}"));
            Assert.False(Taken($"{type}{subtype}"));
            Assert.False(Taken($"{type}/{subtype}, {type}/{subtype}"));
        });

        static bool Taken(string text)
        {
            var reader = Reader(("Content-Type", text));
            Assert.Equal(text, reader.ContentType());
            return reader.Problem() is null;
        }
    }

    [Fact]
    public void A_header_that_is_given_twice_is_refused_by_its_name()
        => Gen.Select(Any, Any).Holds(300, values =>
        {
            foreach (var name in Names)
            {
                var reader = new HeaderReader(new HeaderDictionary { [name] = new([values.Item1, values.Item2]) });
                reader.Text(name);
                Assert.Equal(name, Assert.Single(reader.Problem()!.Errors!).Parameter);
            }
        });

    [Theory]
    [InlineData("true", true)]
    [InlineData("\t TRUE ", true)]
    [InlineData("True", true)]
    [InlineData("", false)]
    [InlineData("1", false)]
    [InlineData("\"true\"", false)]
    [InlineData("true;", false)]
    [InlineData("tru\u0435", false)]
    public void Only_true_closes(string value, bool closes)
        => Assert.Equal(closes, Reader(("Stream-Closed", value)).IsClosed());

    [Theory]
    [InlineData(false)]
    [InlineData(false, "")]
    [InlineData(false, "identity")]
    [InlineData(false, " Identity ,\tIDENTITY,, ")]
    [InlineData(false, "identity", "identity")]
    [InlineData(true, "gzip")]
    [InlineData(true, "identity, gzip")]
    [InlineData(true, "identity", "br")]
    [InlineData(true, "identity;q=1")]
    public void Identity_is_no_encoding_and_all_else_is_one(bool isEncoded, params string[] values)
    {
        var headers = new HeaderDictionary { ["Content-Encoding"] = values };

        Assert.Equal(isEncoded, new HeaderReader(headers).IsEncoded());
    }

    private static HeaderReader Producer(string id = "p", string epoch = "0", string sequence = "0")
        => Reader(("Producer-Id", id), ("Producer-Epoch", epoch), ("Producer-Seq", sequence));

    private static HeaderReader Fork(string name, string value) => Reader(("Stream-Forked-From", "/a"), (name, value));

    private static HeaderReader Reader(params (string Name, string Value)[] headers)
    {
        var dictionary = new HeaderDictionary();
        foreach (var (name, value) in headers)
            dictionary[name] = value;
        return new HeaderReader(dictionary);
    }

    private static DateTimeOffset? Time(string text)
    {
        var reader = Reader(("Stream-Expires-At", text));
        var moment = reader.Expiry().ExpiresAt;
        Assert.Equal(moment is null, reader.Problem() is not null);
        return moment;
    }

    private static bool IsName(string text)
        => text.Length > 0 && Encoding.UTF8.GetByteCount(text) <= MaxNameBytes && !text.Any(char.IsControl);

    private static string AsHeader(byte[] bytes)
    {
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return Encoding.Latin1.GetString(bytes);
        }
    }
}
