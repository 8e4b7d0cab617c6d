using System.Globalization;
using System.Text;
using System.Text.Json;
using ChunkStream.Http;
using ChunkStream.Postgres.Keys;
using ChunkStream.Postgres.Resuming;
using ChunkStream.Postgres.Rows;
using ChunkStream.Problems;

namespace ChunkStream.Postgres.Requests;

/// <summary>What a request may ask of any stream of rows: how numbers are written, and from where to go on.</summary>
internal static class RowsRequest
{
    /// <summary>The query parameter with the token that resumes.</summary>
    public const string Resume = "resume";

    private const string Numbers = "numbers";

    // A token of a live stream begins elsewhere than one of the same rows alone.
    private static readonly string[] LiveMark = ["live"];

    /// <summary>The names of these query parameters.</summary>
    public static readonly string[] Parameters = [Numbers, Resume];

    /// <summary>
    /// Reads these parameters. Mistakes are added to <paramref name="parameters"/>; a token that can't be used is the
    /// problem that is returned.
    /// </summary>
    /// <param name="run">The run, with all that chooses its rows: parameters and limit.</param>
    /// <param name="identity">What the query's resume tokens are bound to.</param>
    /// <param name="parameters">The query string.</param>
    /// <param name="asked">What else the request asks; its Last-Event-ID has precedence over <c>?resume=</c>.</param>
    public static (QueryRun Run, Problem? Problem) Read(
        QueryRun run, ResumeIdentity identity, RequestParameters parameters, StreamRequest asked)
    {
        var isExact = parameters.OneOf(Numbers, "plain", "exact") == "exact";
        var resume = asked.LastEventId ?? parameters.Text(Resume);
        parameters.Know(Resume);
        run = run with { ExactNumbers = isExact, Tokens = Tokens(run, identity) };
        if (resume is null || parameters.HasMistakes)
            return (run, null);

        var (position, problem) = Position(run, resume);
        run = run with { Origin = position?.Origin };
        if (!run.IsLive || position is null)
            return (run with { After = position }, problem);

        string[] values = [.. position.Values.Skip(1)];
        var after = values.Length == 0 ? null : position with { Values = values };
        return (run with { Since = position.Values[0], After = after }, problem);
    }

    /// <summary>Makes and reads the run's tokens; null where there are none.</summary>
    public static ResumeTokens? Tokens(QueryRun run, ResumeIdentity identity)
        => identity.Secret is not { } secret || run.Query.Key.Count == 0
            ? null
            : new ResumeTokens(
                Encoding.UTF8.GetBytes(secret), Name(run, identity), identity.Text + Rights(run), Choice(run));

    // The token of another user is none of this user's, whatever else is different between them.
    private static string Name(QueryRun run, ResumeIdentity identity)
        => run.IsLive && Owner(run) is { Length: > 0 } owner
            ? identity.Name + "\n" + JsonSerializer.Serialize(owner, ChoiceJson.Default.StringArray)
            : identity.Name;

    // Policies may read any claim. Where one has changed, a live query has other rows without a change in the database,
    // of which its reader would not be told: it begins anew, as after a change of the query.
    private static string Rights(QueryRun run)
        => run.IsLive && run.Query.RunsAs?.Caller is { } caller ? "\n" + caller.LastingClaims : "";

    // JSON, because any two different choices must give different texts.
    private static string Choice(QueryRun run)
        => JsonSerializer.Serialize(
            [.. run.Query.Parameters, run.Limit?.ToString(CultureInfo.InvariantCulture), .. Owner(run),
                .. run.IsLive ? LiveMark : []],
            ChoiceJson.Default.StringArray);

    // A token of a live stream has a note of a snapshot, and, while its first rows were under way, a key.
    private static ResumeTokenState Read(QueryRun run, string token, out KeysetPosition? position)
    {
        var state = run.Tokens!.Read(token, run.Query.Key.Count + (run.IsLive ? 1 : 0), out position);
        return run.IsLive && state is ResumeTokenState.Invalid ? run.Tokens.Read(token, 1, out position) : state;
    }

    private static string?[] Owner(QueryRun run)
        => run.Query.RunsAs is { } owner ? [owner.Role, owner.Caller?.Issuer, owner.Caller?.Subject] : [];

    private static (KeysetPosition? Position, Problem? Problem) Position(QueryRun run, string token)
    {
        if (run.Tokens is null)
        {
            return (null, Problem.InvalidResumeToken(run.Query.Key.Count == 0
                ? "This query has no key, so its streams can't be resumed: leave out 'resume' and Last-Event-ID."
                : "This server has no secret for resume tokens (ChunkStream:ResumeKey), so it has given none: "
                    + "leave out 'resume' and Last-Event-ID."));
        }

        return Read(run, token, out var position) switch
        {
            // A stream never gives a token for more rows than it may have.
            ResumeTokenState.Valid when position!.Rows <= (run.Limit ?? run.Query.MaxRows ?? long.MaxValue / 2)
                => (position, null),
            // A live stream can begin anew by itself: its client learns that in the stream.
            ResumeTokenState.OfChangedQuery when run.IsLive => (new KeysetPosition(0, [""]), null),
            ResumeTokenState.OfChangedQuery => (null, Problem.QueryChanged),
            ResumeTokenState.OfOtherParameters => (null, Problem.InvalidResumeToken(
                run.Query.RunsAs is null
                    ? "The token was given for other parameters: "
                        + "resume with those that the stream was begun with, 'limit' among them."
                    : "The token was given to another user or for other parameters: "
                        + "resume with those that the stream was begun with, 'limit' among them.")),
            _ => (null, Problem.InvalidResumeToken(
                "This is not a token that this query has given: "
                + "take it as it is from a checkpoint, from the id of an event, or from 'continue'.")),
        };
    }
}

/// <summary>What resume tokens are bound to, beside the values that choose the rows.</summary>
/// <param name="Secret">The secret that signs them; null where there are none.</param>
/// <param name="Name">The name of query or endpoint.</param>
/// <param name="Text">The query's definition. If it changes, tokens from before are refused.</param>
internal sealed record ResumeIdentity(string? Secret, string Name, string Text);
