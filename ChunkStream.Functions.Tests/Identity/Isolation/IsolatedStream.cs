using System.Text.Json;

namespace ChunkStream.Functions.Tests.Identity.Isolation;

/// <summary>
/// What a user has got of a query so far, over as many responses as it takes. Each row is looked at as it comes.
/// </summary>
/// <param name="query">The query.</param>
/// <param name="user">The user.</param>
internal sealed class IsolatedStream(UserQuery query, int user)
{
    private readonly string _role = query.RoleFor(user);
    private readonly string _name = IsolatedRows.NameOf(user);
    private readonly string _team = IsolatedRows.TeamOf(user);
    private int _covered;

    /// <summary>The ids of the rows, in the order in which they came.</summary>
    public List<int> Ids { get; } = [];

    /// <summary>The token with which the stream goes on; null if it has to start anew.</summary>
    public string? Resume { get; private set; }

    /// <summary>Whether the last row has come.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Why the last response failed; null if it did not say so.</summary>
    public JsonElement? Error { get; private set; }

    /// <summary>Forgets what the next response gives again.</summary>
    public void Rejoin()
    {
        Error = null;
        if (Resume is null)
            _covered = 0;
        Ids.RemoveRange(_covered, Ids.Count - _covered);
    }

    /// <summary>Reads a response's body, until its end or until a number of rows has come.</summary>
    public async Task ReadAsync(Stream body, int most, CancellationToken cancellation)
    {
        using var reader = new StreamReader(body);
        for (var before = Ids.Count; Ids.Count - before < most;)
        {
            if (await reader.ReadLineAsync(cancellation) is not { } line)
                return;
            Take(line);
        }
    }

    private void Take(string line)
    {
        using var frame = JsonDocument.Parse(line);
        var property = frame.RootElement.EnumerateObject().Single();
        switch (property.Name)
        {
            case "row":
                Ids.Add(IdOf(property.Value));
                break;
            case "checkpoint":
                (Resume, _covered) = (property.Value.GetString(), Ids.Count);
                break;
            case "end" when property.Value.GetProperty("continue").GetString() is { } rest:
                (Resume, _covered) = (rest, Ids.Count);
                break;
            case "end":
                IsComplete = true;
                break;
            case "error":
                Error = property.Value.Clone();
                break;
        }
    }

    private int IdOf(JsonElement row)
    {
        var mayRead = _role == IsolatedRows.Auditor ? Text("team") == _team : Text("owner") == _name;
        if (!mayRead || Text("role") != _role || Text("sub") != _name || Text("subject") != _name)
            Assert.Fail($"{_name} as {_role} of {_team} got from {query}: {row.GetRawText()}");
        return row.GetProperty("id").GetInt32();

        string? Text(string column) => row.GetProperty(column).GetString();
    }
}
