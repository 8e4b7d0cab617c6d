using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Keys;
using ChunkStream.Postgres.Resuming;
using CsCheck;

namespace ChunkStream.Functions.Tests.Postgres.Resuming;

/// <summary>A token is read as the position that it was made of, or is refused. No text makes it throw.</summary>
public sealed class ResumeTokensTests
{
    private const string Name = "orders";
    private const string File = "-- key: id\nselect id from orders";
    private const string Choice = "min=5&limit=";

    private static readonly byte[] Secret = [.. Enumerable.Range(0, 32).Select(n => (byte)n)];

    // What Postgres can have as text: anything but a null character.
    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.String[0, 40],
        Gen.OneOf("", "é", "😀", "\u2028", "\u0001", "\"'\\", "=", "2030-01-31").Array[0, 6].Select(string.Concat),
        Gen.Int[100, 5000].Select(length => new string('x', length)));

    private static readonly Gen<long> Rows = Gen.OneOf(
        Gen.Long[0, 1000], Gen.Long[0, long.MaxValue], Gen.OneOf(127L, 128L, 16_383L, 16_384L, long.MaxValue));

    private static readonly Gen<Position> Positions = Gen.Select(
        Rows, Text.Array[1, 5], (rows, values) => new Position(rows, values));

    // Several from one instance: its buffers have held other tokens.
    [Fact]
    public void Every_position_comes_back_from_its_token()
        => Positions.Array[1, 4].Holds(500, positions =>
        {
            var maker = Tokens();
            foreach (var position in positions)
            {
                var token = Make(maker, position);

                Assert.Equal(ResumeTokenState.Valid, Tokens().Read(token, position.Values.Length, out var read));
                Assert.Equal(position.Rows, read!.Rows);
                Assert.Equal(position.Values, read.Values);
                Assert.Matches("^[A-Za-z0-9_-]+$", token);
            }
        });

    [Fact]
    public void Every_token_with_another_character_or_another_length_is_refused()
        => Gen.Select(Positions, Gen.Int[0, int.MaxValue], Gen.Int[1, 63]).Holds(2000, sample =>
        {
            const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            var (position, at, change) = sample;
            var token = Make(Tokens(), position);
            at %= token.Length;
            var other = Alphabet[(Alphabet.IndexOf(token[at], StringComparison.Ordinal) + change) % Alphabet.Length];

            AssertRefused(token[..at] + other + token[(at + 1)..], position);
            AssertRefused(token[..at], position);
            AssertRefused(token.Insert(at, $"{other}"), position);
            AssertRefused(token + other, position);
        });

    // Readers of base64url pass over these. What is signed stays the same.
    [Theory]
    [InlineData("=")]
    [InlineData("==")]
    [InlineData(" ")]
    [InlineData("\r\n")]
    public void White_space_and_padding_in_a_token_make_no_other_position(string addition)
    {
        for (var length = 0; length < 3; length++)
        {
            var position = new Position(1, [new string('x', length)]);
            var token = Make(Tokens(), position);

            foreach (var at in new[] { 0, 5, token.Length })
            {
                Tokens().Read(token.Insert(at, addition), columns: 1, out var read);
                Assert.True(read is null || (read.Rows == position.Rows && read.Values.SequenceEqual(position.Values)));
            }
        }
    }

    [Fact]
    public void Tokens_of_another_query_other_parameters_or_another_secret_are_told_apart()
        => Gen.Select(Positions, Text, Text, Text, Gen.Byte.Array[32, 64]).Holds(500, sample =>
        {
            var (position, name, file, choice, secret) = sample;
            var token = Make(Tokens(), position);
            var columns = position.Values.Length;

            Assert.Equal(ResumeTokenState.Invalid, Tokens(name: name).Read(token, columns, out _));
            Assert.Equal(ResumeTokenState.Invalid, Tokens(secret: secret).Read(token, columns, out _));
            Assert.Equal(ResumeTokenState.OfChangedQuery, Tokens(file: file).Read(token, columns, out _));
            Assert.Equal(ResumeTokenState.OfOtherParameters, Tokens(choice: choice).Read(token, columns, out _));
            AssertRefused(token, position, columns + 1);
            AssertRefused(token, position, columns - 1);
        });

    [Fact]
    public void Any_text_is_refused_without_an_exception()
    {
        var texts = Gen.String[Gen.Char['\0', '\uffff'], 0, 200];
        var encoded = Gen.Byte.Array[0, 200].Select(bytes => Base64Url.EncodeToString(bytes));
        Gen.OneOf(texts, encoded).Holds(5000, text =>
        {
            Assert.Equal(ResumeTokenState.Invalid, Tokens().Read(text, 1, out var position));
            Assert.Null(position);
        });
    }

    // Whoever has the secret can sign anything, and so can another version of this program.
    [Fact]
    public void Whatever_is_signed_rightly_is_a_position_or_is_refused()
    {
        var bytes = Gen.OneOf(Gen.Byte, Gen.OneOf<byte>(0, 1, 2, 0x7F, 0x80, 0xFF)).Array[0, 30];
        Gen.Select(bytes, Gen.Int[0, 3]).Holds(5000, sample =>
        {
            var (body, columns) = sample;
            var state = Tokens().Read(Signed(body), columns, out var position);

            Assert.Equal(state is ResumeTokenState.Valid, position is not null);
            if (position is null)
                return;
            Assert.True(position.Rows >= 0);
            Assert.Equal(columns, position.Values.Count);
            Assert.DoesNotContain(position.Values, value => value.Contains('\0'));
        });
    }

    // Clients keep tokens while servers are replaced. As its remarks say how a token is made, it is made here.
    [Fact]
    public void The_format_of_tokens_stays_as_it_is()
    {
        const string Kept = "AfS-3eZ6McprKBXwn7sEZP3pBwTDqTQyAPcRiXxvYp4X";
        var position = new Position(1001, ["é42", ""]);
        byte[] body = [0xE9, 0x07, 4, .. "é42"u8, 0];

        Assert.Equal(Signed(body), Make(Tokens(), position));
        Assert.Equal(Kept, Make(Tokens(), position));
    }

    [Fact]
    public void The_span_of_the_first_request_comes_back_from_a_token_that_names_it()
        => Gen.Select(Positions, Gen.Byte.Array[16], Gen.Byte.Array[8]).Holds(500, sample =>
        {
            var (position, trace, span) = sample;
            var origin = new ActivityContext(
                ActivityTraceId.CreateFromBytes(trace),
                ActivitySpanId.CreateFromBytes(span),
                ActivityTraceFlags.Recorded);
            var tokens = Tokens();
            var named = Make(tokens, position, origin);

            Assert.Equal(ResumeTokenState.Valid, Tokens().Read(named, position.Values.Length, out var read));
            Assert.Equal((position.Rows, origin.TraceId), (read!.Rows, read.Origin!.Value.TraceId));
            Assert.Equal(origin.SpanId, read.Origin.Value.SpanId);
            Assert.Equal(position.Values, read.Values);

            // One that names none is as it always was, also after one that does.
            var plain = Make(tokens, position);
            Assert.Equal(Make(Tokens(), position), plain);
            Assert.Equal(ResumeTokenState.Valid, Tokens().Read(plain, position.Values.Length, out read));
            Assert.Null(read!.Origin);
        });

    private static ResumeTokens Tokens(
        byte[]? secret = null, string name = Name, string file = File, string choice = Choice)
        => new(secret ?? Secret, name, file, choice);

    private static string Make(ResumeTokens tokens, Position position, ActivityContext? origin = null)
    {
        var type = new KeyType("pg_catalog.text", KeyText.Sent);
        var key = new KeyTracker([.. position.Values.Select((_, index) => new KeyColumnLayout(
            $"k{index}", IsDescending: false, $"q.c{index}", index, type, Writer: null))]);
        foreach (var (index, value) in position.Values.Index())
            key.Take(index, Encoding.UTF8.GetBytes(value));
        key.Commit(isSameForPostgres: false);
        return Encoding.ASCII.GetString(tokens.Make(position.Rows, key, position.Values.Length, origin));
    }

    private static string Signed(byte[] body)
    {
        byte[] header = [1, .. Hash(File)[..8], .. Hash(Choice)[..8]];
        var key = HMACSHA256.HashData(Secret, (byte[])[.. Hash(Name), .. header])[..SipHash.KeyBytes];
        byte[] signed = [.. header, .. body];
        var signature = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(signature, SipHash.Compute(key, signed));
        return Base64Url.EncodeToString((byte[])[.. signed, .. signature]);
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private static void AssertRefused(string token, Position of, int? columns = null)
    {
        Assert.Equal(ResumeTokenState.Invalid, Tokens().Read(token, columns ?? of.Values.Length, out var position));
        Assert.Null(position);
    }

    private sealed record Position(long Rows, string[] Values)
    {
        public override string ToString() => $"{Rows}: {System.Text.Json.JsonSerializer.Serialize(Values)}";
    }
}
