using System.Text.Json;
using System.Text.Json.Nodes;
using ChunkStream.DurableStreams.Access;
using ChunkStream.Identity;

namespace ChunkStream.Functions.Tests.DurableStreams.Access;

/// <summary>Who may do what, by which lines.</summary>
public sealed class AccessPolicyTests
{
    [Theory]
    [InlineData("users/{sub}/**: read, append", "users/anna/a", "read append")]
    [InlineData("users/{sub}/**: read, append", "users/anna/a/b/c", "read append")]
    [InlineData("users/{sub}/**: read", "users/anna", "")]
    [InlineData("users/{sub}/**: read", "users/bert/a", "")]
    [InlineData("users/{sub}/**: read", "users/Anna/a", "")]
    [InlineData("users/{sub}/**: read", "users/annab/a", "")]
    [InlineData("users/{sub}/**: read", "Users/anna/a", "")]
    [InlineData("users/{sub}/**: read", "x/users/anna/a", "")]
    [InlineData("users/{sub}: read", "users/anna", "read")]
    [InlineData("users/{sub}: read", "users/anna/a", "")]
    [InlineData("rooms/{claim:team}/*: read", "rooms/red/1", "read")]
    [InlineData("rooms/{claim:team}/*: read", "rooms/blue/1", "read")]
    [InlineData("rooms/{claim:team}/*: read", "rooms/green/1", "")]
    [InlineData("rooms/{claim:team}/*: read", "rooms/red/1/2", "")]
    [InlineData("rooms/{claim:team}/*: read", "rooms/red", "")]
    [InlineData("{claim:app.tenant}/*: read", "t1/a", "read")]
    [InlineData("{claim:https://example.com/org}/x: read", "acme/x", "read")]
    [InlineData("{claim:number}/x: read", "17/x", "read")]
    [InlineData("{claim:number}/x: read", "7/x", "")]
    [InlineData("{claim:flag}/x: read", "true/x", "")]
    [InlineData("{claim:nothing}/x: read", "null/x", "")]
    [InlineData("{claim:none}/x: read", "none/x", "")]
    [InlineData("{claim:app}/x: read", "t1/x", "")]
    [InlineData("**: read", "anything/at/all", "read")]
    [InlineData("*: read", "one", "read")]
    [InlineData("*: read", "one/two", "")]
    [InlineData("a/*/c: read", "a/b/c", "read")]
    [InlineData("a/*/c: read", "a/b/d", "")]
    [InlineData("ä/€: share", "ä/€", "share")]
    [InlineData("a/**: read for editor", "a/b", "read")]
    [InlineData("a/**: read for writer, reader", "a/b", "read")]
    [InlineData("a/**: read for Editor", "a/b", "")]
    [InlineData("a/**: read for admin", "a/b", "")]
    [InlineData("a/**: read from https://issuer.example/", "a/b", "read")]
    [InlineData("a/**: read for editor from https://issuer.example/", "a/b", "read")]
    [InlineData("a/**: read for admin from https://issuer.example/", "a/b", "")]
    [InlineData("a/**: read from https://other.example/", "a/b", "")]
    [InlineData("a/*: read\nb/*: append\na/**: create, close\na/b: delete for admin", "a/b", "read create close")]
    [InlineData("# a/**: read\n\n  \n\ta/** :\tread ,append\t\r\n", "a/b", "read append")]
    [InlineData("", "a", "")]
    public void A_line_allows_what_it_says_for_the_paths_that_it_names(string text, string path, string allowed)
        => Assert.Equal(allowed, Allowed(text, path));

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("")]
    [InlineData("*")]
    [InlineData("**")]
    [InlineData("a/b")]
    [InlineData("bert/..")]
    [InlineData("anna*")]
    [InlineData("%2e%2e")]
    [InlineData("{sub}")]
    public void A_claim_stands_for_one_whole_segment_or_for_none(string claim)
    {
        string[] paths =
            ["users/a/b", "users/bert/x", "users/x", "users/anna1/x", "users/*/x", "users/anna*/x", "bert/x"];
        Assert.All(paths, path => Assert.Equal("", Allowed("users/{sub}/**: read\n{sub}/x: read", path, claim)));
    }

    [Theory]
    [InlineData("users/{sub}/**: read, share", "users/anna/", "read share")]
    [InlineData("users/{sub}/**: read, share", "users/anna/notes/", "read share")]
    [InlineData("users/{sub}/**: read, share", "users/", "")]
    [InlineData("users/{sub}/**: read, share", "users/bert/", "")]
    [InlineData("users/{sub}/*: read, share", "users/anna/", "")]
    [InlineData("users/{sub}: read, share", "users/anna/", "")]
    [InlineData("users/{sub}/*: read, share\nusers/{sub}/**: read", "users/anna/", "read")]
    [InlineData("**: read", "a/", "read")]
    public void A_prefix_has_what_all_below_it_has(string text, string prefix, string allowed)
        => Assert.Equal(allowed, Allowed(text, prefix));

    [Theory]
    [InlineData("a/b read", "path: operations")]
    [InlineData("a/b:", "path: operations")]
    [InlineData(": read", "path: operations")]
    [InlineData("{sub: read", "path: operations")]
    [InlineData("a: read for", "no list of operations")]
    [InlineData("a: read from", "no list of operations")]
    [InlineData("a: write", "'write' is no operation")]
    [InlineData("a: Read", "'Read' is no operation")]
    [InlineData("a: none", "'none' is no operation")]
    [InlineData("a: read,", "no list of operations")]
    [InlineData("a: read append", "no list of operations")]
    [InlineData("a: read # for all", "no list of operations")]
    [InlineData("a: read for one two", "no list of roles")]
    [InlineData("a: read for one,", "no list of roles")]
    [InlineData("a/**/b: read", "only at the end")]
    [InlineData("a/b**: read", "whole segments")]
    [InlineData("a/user-{sub}: read", "whole segments")]
    [InlineData("a/%41: read", "'%'")]
    [InlineData("a b/c: read", "a space")]
    [InlineData("/a: read", "empty segment")]
    [InlineData("a//b: read", "empty segment")]
    [InlineData("a/: read", "empty segment")]
    [InlineData("a/../b: read", "never '.' or '..'")]
    [InlineData("a/{}: read", "none of {sub}")]
    [InlineData("a/{claim:}: read", "none of {sub}")]
    [InlineData("a/{claim:a b}: read", "none of {sub}")]
    [InlineData("a/{name}: read", "none of {sub}")]
    public void A_mistake_is_told_with_its_line_and_nothing_of_the_text_holds(string line, string reason)
    {
        var (policy, mistakes) = PolicyText.Read($"# one\nb/**: read\n{line}\n");

        Assert.Null(policy);
        var mistake = Assert.Single(mistakes);
        Assert.Equal(3, mistake.Line);
        Assert.Contains(reason, mistake.Reason, StringComparison.Ordinal);
    }

    private static string Allowed(string text, string path, string subject = "anna")
    {
        var (policy, mistakes) = PolicyText.Read(text);
        Assert.Empty(mistakes);
        var claims = new JsonObject
        {
            ["sub"] = subject,
            ["team"] = new JsonArray("red", "blue", 5),
            ["app"] = new JsonObject { ["tenant"] = "t1" },
            ["https://example.com/org"] = "acme",
            ["number"] = 17,
            ["flag"] = true,
            ["nothing"] = null,
        };
        var caller = new Caller(
            "https://issuer.example/", subject, JsonElement.Parse(claims.ToJsonString()), ["editor", "reader"], null);
        return string.Join(' ', DurableOperationNames.Of(policy!.Allowed(caller, path)));
    }
}
