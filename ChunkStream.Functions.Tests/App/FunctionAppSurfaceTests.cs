using ChunkStream.App;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ChunkStream.Functions.Tests.App;

/// <summary>
/// The function app offers exactly the endpoints of the table. Read from its sources, so that it needs none of the
/// worker's packages.
/// </summary>
public sealed class FunctionAppSurfaceTests
{
    [Fact]
    public void Each_endpoint_has_one_function_with_its_name_route_methods_and_access()
    {
        var expected = LocalApp.Create().Endpoints().All
            .Select(endpoint => Describe(endpoint.Name, endpoint.Route, endpoint.Methods, endpoint.Access.ToString()))
            .Order();

        Assert.Equal(expected, Functions("HttpTrigger").Select(Describe).Order());
    }

    [Fact]
    public void Each_function_calls_the_handler_of_its_endpoint_and_nothing_else()
    {
        foreach (var function in Functions("HttpTrigger"))
        {
            var name = Text(FunctionAttribute(function)!.ArgumentList!.Arguments[0].Expression);
            var handler = EndpointTable.BuiltIn.Any(endpoint => endpoint.Name == name)
                ? $"endpoints.{function.Identifier.ValueText}(request)"
                : $"endpoints.Generator(request, \"{name}\")";
            Assert.True(
                function.ExpressionBody?.Expression.ToString() == handler,
                $"{function.Identifier.ValueText} should be one line: => {handler}");
        }
    }

    [Fact]
    public void What_is_deleted_or_has_expired_is_swept_every_minute()
    {
        var sweep = Assert.Single(Functions("TimerTrigger"));

        Assert.Equal("0 * * * * *", Text(Trigger(sweep, "TimerTrigger")!.ArgumentList!.Arguments[0].Expression));
        Assert.Equal("sweep.RunAsync(cancellation)", sweep.ExpressionBody?.Expression.ToString());
    }

    [Fact]
    public void There_are_no_functions_but_these()
        => Assert.Equal(Functions().Count(), Functions("HttpTrigger").Count() + Functions("TimerTrigger").Count());

    private static string Describe(MethodDeclarationSyntax function)
    {
        var arguments = Trigger(function, "HttpTrigger")!.ArgumentList!.Arguments;
        var route = arguments.Single(argument => argument.NameEquals?.Name.Identifier.ValueText == "Route");
        var positional = arguments.Where(argument => argument.NameEquals is null)
            .Select(argument => argument.Expression).ToArray();
        return Describe(
            Text(FunctionAttribute(function)!.ArgumentList!.Arguments[0].Expression),
            Text(route.Expression),
            positional.Skip(1).Select(Text),
            ((MemberAccessExpressionSyntax)positional[0]).Name.Identifier.ValueText);
    }

    private static string Describe(string name, string route, IEnumerable<string> methods, string access)
        => $"{name}: {string.Join('|', methods.Select(method => method.ToUpperInvariant()).Order())} "
            + $"{route} ({access})";

    private static IEnumerable<MethodDeclarationSyntax> Functions(string trigger)
        => Functions().Where(function => Trigger(function, trigger) is not null);

    private static AttributeSyntax? Trigger(MethodDeclarationSyntax function, string name)
        => Attributes(function.ParameterList.Parameters.SelectMany(parameter => parameter.AttributeLists), name)
            .SingleOrDefault();

    private static IEnumerable<MethodDeclarationSyntax> Functions()
        => new[] { "ChunkStream.Functions", Path.Combine("demo", "Functions") }
            .Select(folder => Path.Combine(Repository.Root, folder))
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs"))
            .SelectMany(file => CSharpSyntaxTree.ParseText(File.ReadAllText(file)).GetRoot().DescendantNodes())
            .OfType<MethodDeclarationSyntax>()
            .Where(method => FunctionAttribute(method) is not null);

    private static AttributeSyntax? FunctionAttribute(MethodDeclarationSyntax method)
        => Attributes(method.AttributeLists, "Function").SingleOrDefault();

    private static IEnumerable<AttributeSyntax> Attributes(IEnumerable<AttributeListSyntax> lists, string name)
        => lists.SelectMany(list => list.Attributes).Where(attribute => attribute.Name.ToString() == name);

    private static string Text(ExpressionSyntax expression) => ((LiteralExpressionSyntax)expression).Token.ValueText;
}
