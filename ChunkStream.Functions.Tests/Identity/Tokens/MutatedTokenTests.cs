using ChunkStream.Functions.Tests.Support;
using ChunkStream.Identity;
using ChunkStream.Identity.Requests;
using ChunkStream.Problems;
using CsCheck;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChunkStream.Functions.Tests.Identity.Tokens;

public sealed class MutatedTokenTests
{
    private const string Letters = "AQgw_-.eyJ=+/ \0é";

    [Fact]
    public async Task No_change_of_a_token_holds_and_none_is_an_error_of_the_server()
    {
        await using var issuer = await TokenIssuer.StartAsync();
        var callers = RequestCallers.Create(
            new()
            {
                Issuers =
                {
                    new() { JwksUri = issuer.JwksUri, Issuer = TokenIssuer.Name, Audience = TokenIssuer.Audience },
                },
            },
            TimeProvider.System, NullLoggerFactory.Instance);
        var token = issuer.Token(claims: claims => claims["exp"] = TokenIssuer.In(3600));
        Assert.NotNull((await FindAsync(callers, token)).Caller);
        var place = Gen.Int[0, token.Length - 1];
        var changes = Gen.Select(Gen.Int[0, 4], place, place, Gen.Char[Letters])
            .Select(change => Changed(token, change.Item1, change.Item2, change.Item3, change.Item4));

        await changes.HoldsAsync(3000, async changed =>
        {
            var (caller, problem) = await FindAsync(callers, changed);
            Assert.True(caller is null ? problem is { Status: 401 } : IsSame(token, changed), changed);
        });
    }

    private static string Changed(string token, int kind, int at, int other, char letter) => kind switch
    {
        0 => $"{token[..at]}{letter}{token[(at + 1)..]}",
        1 => token.Insert(at, letter.ToString()),
        2 => token.Remove(Math.Min(at, other), Math.Abs(at - other)),
        3 => token[..at] + token[other..],
        _ => string.Join('.', token.Split('.').OrderBy(part => (part.Length * at) % 7)),
    };

    // Spaces around a token are none of it, and its last letter has bits that stand for nothing.
    private static bool IsSame(string token, string changed) => token[..^1] == changed.Trim(' ')[..^1];

    private static async Task<(Caller? Caller, Problem? Problem)> FindAsync(ICallers callers, string token)
    {
        var http = new DefaultHttpContext();
        http.Request.Headers.Authorization = $"Bearer {token}";
        return await callers.FindAsync(http, CancellationToken.None);
    }
}
